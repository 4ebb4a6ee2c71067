// On a narrow screen the bar scrolls: where one is comes into sight.
document.querySelector(".bar nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
