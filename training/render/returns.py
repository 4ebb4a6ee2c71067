"""Which returns the sample holds: 24, clean and defective, some with a photo or an answer lacking."""

from models.vocabulary import Category, Shot
from training.render.cartons import Carton
from training.render.garments import Garment
from training.render.phones import Phone
from training.render.sample import Flaw, SampleReturn
from training.render.stains import Bgr

FRONT, BACK, DETAIL = Shot.FRONT, Shot.BACK, Shot.DETAIL
SERIAL, OUTSIDE, LABEL = Shot.SERIAL, Shot.OUTSIDE, Shot.SHIPPING_LABEL

_WORN = {"tag": "attached", "worn": "unworn", "complete": "complete", "function": "works"}
_PHONE = {
    "powers_on": "yes",
    "lock": "unlocked",
    "serial": "matches",
    "accessories": "complete",
    "repaired": "no_signs",
}
_PARCEL = {"seal": "sealed", "contents": "complete"}


def _apparel(
    number: int,
    item: Garment,
    en: str,
    zh: str,
    *flaws: Flaw,
    shots: tuple[Shot, ...] = (FRONT, BACK),
    **answers: str,
) -> SampleReturn:
    return SampleReturn(
        code=f"RT-{number:04}", category=Category.APPAREL, item=item, note_en=en, note_zh=zh,
        shots=shots, flaws=flaws, answers=_answers(_WORN, answers),
    )  # fmt: skip


def _phone(
    number: int,
    item: Phone,
    en: str,
    zh: str,
    *flaws: Flaw,
    shots: tuple[Shot, ...] = (FRONT, BACK, SERIAL),
    **answers: str,
) -> SampleReturn:
    return SampleReturn(
        code=f"RT-{number:04}", category=Category.ELECTRONICS, item=item, note_en=en, note_zh=zh,
        shots=shots, flaws=flaws, answers=_answers(_PHONE, answers),
    )  # fmt: skip


def _parcel(
    number: int,
    item: Carton,
    en: str,
    zh: str,
    shots: tuple[Shot, ...] = (OUTSIDE, LABEL),
    **answers: str,
) -> SampleReturn:
    return SampleReturn(
        code=f"RT-{number:04}", category=Category.PARCEL, item=item, note_en=en, note_zh=zh,
        shots=shots, answers=_answers(_PARCEL, answers),
    )  # fmt: skip


def _answers(usual: dict[str, str], said: dict[str, str]) -> dict[str, str]:
    """The usual answers with what was said instead; an empty word leaves the question open."""
    return {question: choice for question, choice in (usual | said).items() if choice}


def _stain(
    shot: Shot, kind: str, x: float, y: float, size: float, colour: Bgr | None = None
) -> Flaw:
    return Flaw(shot=shot, kind=kind, at=(x, y), size=size, colour=colour)


def _scratch(shot: Shot, x: float, y: float, size: float) -> Flaw:
    return Flaw(shot=shot, kind="scratch", at=(x, y), size=size)


_WHITE, _NAVY, _RED, _GREY = (214, 214, 216), (112, 74, 44), (66, 60, 176), (156, 160, 164)
_COFFEE, _MUD, _OIL = (0.2, 0.36, 0.52), (0.22, 0.33, 0.42), (0.22, 0.25, 0.27)
_INK, _MAKE_UP = (0.55, 0.2, 0.16), (0.5, 0.5, 0.82)
_OLIVE, _SKY, _DENIM, _BLACK = (92, 128, 118), (214, 190, 160), (134, 96, 64), (52, 50, 50)

RETURNS: tuple[SampleReturn, ...] = (
    _apparel(1, Garment(cut="t-shirt", bgr=_WHITE, print_bgr=(124, 96, 48), seed=1),
             "White T-shirt, as new", "白色印花 T 恤，如新"),
    _apparel(2, Garment(cut="t-shirt", bgr=_SKY, seed=2),
             "Light T-shirt, coffee on the front", "浅色 T 恤，正面有咖啡渍", _stain(FRONT, "liquid", 0.46, 0.55, 0.15, _COFFEE)),
    _phone(3, Phone(bgr=(150, 112, 82), seed=3), "Blue phone, as new", "蓝色手机，如新"),
    _parcel(4, Carton(seed=4), "Carton, sealed", "纸箱，完好密封"),
    _apparel(5, Garment(cut="shirt", bgr=(222, 206, 190), pattern="check", seed=5),
             "Checked shirt, tried on", "格子衬衫，已试穿", worn="tried_on"),
    _apparel(6, Garment(cut="shirt", bgr=_WHITE, seed=6),
             "White shirt, ink below the pocket and a smear on the back", "白衬衫，口袋下有墨迹，背面有擦痕",
             _stain(FRONT, "ink", 0.62, 0.55, 0.07, _INK), _stain(BACK, "smear", 0.45, 0.4, 0.16, _MAKE_UP)),
    _parcel(7, Carton(torn=True, seed=7), "Carton, torn at the front", "纸箱，正面破损", seal="opened"),
    _phone(8, Phone(bgr=(58, 56, 56), seed=8), "Black phone, two scratches on the glass", "黑色手机，屏幕有两道划痕",
           _scratch(FRONT, 0.5, 0.42, 0.24), _scratch(FRONT, 0.43, 0.66, 0.12)),
    _apparel(9, Garment(cut="trousers", bgr=_DENIM, pattern="denim", seed=9), "Jeans, as new", "牛仔裤，如新"),
    _apparel(10, Garment(cut="trousers", bgr=(142, 168, 184), seed=10),
             "Trousers, mud on a leg", "长裤，裤腿有泥渍", _stain(FRONT, "dust", 0.41, 0.68, 0.15, _MUD),
             shots=(FRONT, BACK, DETAIL)),
    _parcel(11, Carton(labelled=False, seed=11), "Carton without its label", "纸箱，面单缺失"),
    _phone(12, Phone(bgr=(196, 204, 206), lenses=2, seed=12), "Silver phone, its label came off", "银色手机，序列号标签脱落",
           Flaw(shot=SERIAL, kind="missing"), serial="unreadable"),
    _apparel(13, Garment(cut="sweater", bgr=_GREY, pattern="melange", seed=13), "Grey sweater, back not photographed",
             "灰色毛衣，缺背面照片", shots=(FRONT,)),
    _apparel(14, Garment(cut="sweater", bgr=_OLIVE, seed=14), "Green sweater, oil on the sleeve side",
             "绿色毛衣，侧面有油渍", _stain(FRONT, "spot", 0.6, 0.6, 0.09, _OIL), _stain(BACK, "specks", 0.42, 0.5, 0.12, _OIL)),
    _parcel(15, Carton(bgr=(132, 170, 200), seed=15), "Carton, opened, a part is missing", "纸箱，已拆封，缺件",
            seal="opened", contents="part_missing"),
    _apparel(16, Garment(cut="t-shirt", bgr=_RED, pattern="stripes", seed=16), "Striped T-shirt, tag removed",
             "条纹 T 恤，吊牌已摘", tag="removed"),
    _phone(17, Phone(bgr=(112, 92, 138), seed=17), "Violet phone, locked to an account", "紫色手机，仍绑定账号", lock="locked"),
    _apparel(18, Garment(cut="t-shirt", bgr=_BLACK, print_bgr=(190, 196, 198), seed=18),
             "Black T-shirt, white mark on the back", "黑色 T 恤，背面有白色印迹", _stain(BACK, "spot", 0.52, 0.45, 0.1)),
    _parcel(19, Carton(torn=True, bgr=(108, 146, 180), seed=19), "Carton, torn and taped again", "纸箱，破损后重新封装",
            seal="resealed"),
    _phone(20, Phone(bgr=(206, 196, 172), lenses=2, seed=20), "Pale phone, a cable is missing", "浅色手机，缺少线缆",
           _scratch(BACK, 0.52, 0.62, 0.16), accessories="cable_missing"),
    _apparel(21, Garment(cut="shirt", bgr=(196, 216, 226), pattern="stripes", seed=21), "Striped shirt, make-up on the collar side",
             "条纹衬衫，领侧有化妆品渍", _stain(FRONT, "smear", 0.42, 0.26, 0.1, _MAKE_UP), worn="tried_on"),
    _parcel(22, Carton(seed=22), "Carton, label not photographed", "纸箱，缺面单照片", shots=(OUTSIDE,)),
    _apparel(23, Garment(cut="trousers", bgr=_NAVY, seed=23), "Navy trousers, one question left open",
             "藏青长裤，有一项未回答", complete=""),
    _phone(24, Phone(bgr=(88, 120, 96), seed=24), "Green phone, not tested", "绿色手机，未测试", powers_on="not_tested",
           shots=(FRONT, BACK)),
)  # fmt: skip
