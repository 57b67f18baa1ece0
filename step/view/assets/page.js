// The page of one execution in a file: everything it shows stands in it.

import { ExecutionPage } from "./execution.js";
import { EXECUTION_KEYS, frameButtons, listen } from "./keys.js";

const root = document.getElementById("execution");
const data = JSON.parse(document.getElementById("data").textContent);
const page = new ExecutionPage(root, data, { tail: frameButtons(EXECUTION_KEYS) });
listen((key) => page.press(key), EXECUTION_KEYS);
