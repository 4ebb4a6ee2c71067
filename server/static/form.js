// The answer's form, read and written whole: drafts and undo are pictures of it.
export const form = document.querySelector("form[data-case]");
const NOT_KEPT = new Set(["form_token", "opinion_id", "seconds", "wish"]);

export function read() {
  return [...new FormData(form)].filter(([name, value]) => !NOT_KEPT.has(name) && value !== "");
}

export function write(fields) {
  for (const field of form.elements) {
    if (!field.name || NOT_KEPT.has(field.name) || field.type === "submit") continue;
    const said = fields.filter(([name]) => name === field.name).map(([, value]) => value);
    if (field.type === "radio" || field.type === "checkbox") field.checked = said.includes(field.value);
    else field.value = said[0] ?? field.dataset.was ?? "";
  }
  form.dispatchEvent(new Event("written"));
}

export function changed() {
  form.dispatchEvent(new Event("change", { bubbles: true }));
}

// Keys that are typed into a field are letters, not commands.
export function isTyping(event) {
  return event.isComposing || document.querySelector("dialog[open]") !== null
    || event.target.closest("textarea, select, input:not([type=radio], [type=checkbox])") !== null;
}
