import { follow } from "./live.js";
import { listenForKeys } from "./keys.js";
import { sendForms } from "./actions.js";
import { toggleBoxes } from "./boxes.js";
import { openDialogs } from "./dialogs.js";

const refresh = follow(document.getElementById("live"));
sendForms(refresh);
toggleBoxes();
openDialogs();
listenForKeys();
