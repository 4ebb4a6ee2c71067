// Moments are written in UTC; people read them in their own zone and language.
const { lang } = document.documentElement;
const sameYear = new Intl.DateTimeFormat(lang, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const otherYear = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
const year = new Date().getFullYear();

export function tell(within) {
  for (const time of within.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = time.textContent;
    time.textContent = (at.getFullYear() === year ? sameYear : otherYear).format(at);
  }
}

tell(document);
