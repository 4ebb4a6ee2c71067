"""A bench with printed cards in its corners, as its camera sees it; items are laid on it."""

import cv2
import numpy as np
from numpy.typing import NDArray

Bgr = NDArray[np.uint8]
WIDTH, HEIGHT = 1280, 960


def empty(seed: int = 0) -> Bgr:
    """The bench alone, in focus."""
    rng = np.random.default_rng(seed)
    bgr = np.full((HEIGHT, WIDTH, 3), (186, 190, 194), np.uint8)
    for left, top in ((40, 40), (WIDTH - 220, 40), (40, HEIGHT - 170), (WIDTH - 220, HEIGHT - 170)):
        cv2.rectangle(bgr, (left, top), (left + 180, top + 130), (232, 232, 232), -1)
        for _ in range(14):
            x, y = left + int(rng.integers(8, 150)), top + int(rng.integers(8, 110))
            cv2.rectangle(bgr, (x, y), (x + int(rng.integers(6, 26)), y + 9), (40, 40, 40), -1)
    return cv2.GaussianBlur(bgr, (0, 0), 0.9)


def with_item(bgr: Bgr, item: Bgr, share: float = 0.6) -> Bgr:
    """An item in the middle, so large that it takes `share` of the tighter side."""
    scale = share * min(WIDTH / item.shape[1], HEIGHT / item.shape[0])
    fitted = cv2.resize(item, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = fitted.shape[:2]
    laid = bgr.copy()
    top, left = (HEIGHT - height) // 2, (WIDTH - width) // 2
    laid[top : top + height, left : left + width] = fitted
    return laid


def shirt() -> Bgr:
    """Plain cloth with seams, a print and buttons."""
    rng = np.random.default_rng(5)
    bgr = np.full((900, 800, 3), (120, 70, 60), np.uint8)
    bgr[:, 390:396] = (90, 50, 40)
    for y in range(100, 900, 120):
        cv2.circle(bgr, (400, y), 9, (200, 190, 180), -1)
    for _ in range(30):
        x, y = int(rng.integers(480, 700)), int(rng.integers(200, 400))
        cv2.rectangle(bgr, (x, y), (x + 20, y + 8), (60, 200, 210), -1)
    return bgr


def seen(bgr: Bgr, seed: int = 1, *, light: float = 1.0, sigma: float = 2.0) -> Bgr:
    """Through a sensor and a JPEG."""
    noise = np.random.default_rng(seed).normal(0, sigma, bgr.shape)
    data = cv2.imencode(".jpg", np.clip(bgr * light + noise, 0, 255).astype(np.uint8))[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def pushed(bgr: Bgr, share: float) -> Bgr:
    by = share * WIDTH
    how = np.array([[1, 0, by], [0, 1, by / 4]], np.float32)
    return cv2.warpAffine(bgr, how, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)


def lamp(bgr: Bgr, share: float) -> Bgr:
    """A lamp mirrored in the middle."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    away = np.hypot(columns - WIDTH / 2, rows - HEIGHT / 2) / (share * WIDTH)
    return np.clip(bgr + (400 * np.exp(-(away**4)))[..., None], 0, 255).astype(np.uint8)


def soft(bgr: Bgr, share: float) -> Bgr:
    return cv2.GaussianBlur(bgr, (0, 0), share * WIDTH)
