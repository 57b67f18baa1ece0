// Times, lengths of time, JSON and causes as people read them.

const UNITS = [[86400000, "d"], [3600000, "h"], [60000, "min"], [1000, "s"]];

export const detailsOf = (event) => {
  for (const key in event) if (key.endsWith("EventDetails")) return event[key] || {};
  return {};
};

export const timeOf = (event) => momentOf(event.timestamp);
export const momentOf = (at) => (typeof at === "number" ? at * 1000 : Date.parse(at));

/** Write a length of time with its two largest units: "12 h 5 min". */
export function duration(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return "";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  for (const [place, [size, word]] of UNITS.entries()) {
    if (ms < size) continue;
    const whole = Math.floor(ms / size);
    const next = UNITS[place + 1];
    if (!next) return Number.isInteger(ms / 1000) || ms >= 10000 ? `${whole} s` : `${(ms / 1000).toFixed(1)} s`;
    const rest = Math.floor((ms - whole * size) / next[0]);
    return rest ? `${whole} ${word} ${rest} ${next[1]}` : `${whole} ${word}`;
  }
  return "";
}

/** What is made in a moment bears one time: clocks of services and tests tell no smaller parts. */
export const took = (ms) => (ms === 0 ? "at once" : duration(ms));

const pad = (number) => String(number).padStart(2, "0");
/** Write a moment in the reader's time zone. */
export function clock(at) {
  if (at === null || at === undefined || at === "") return "";
  const time = new Date(momentOf(at));
  return `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())} ${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`;
}
/** The same for history events, which follow each other within a second. */
export const exactClock = (at) => `${clock(at)}.${String(new Date(momentOf(at)).getMilliseconds()).padStart(3, "0")}`;
export const utc = (at) => (at ? `${new Date(momentOf(at)).toISOString()} (UTC)` : "");

export const plural = (count, word, many = `${word}s`) => `${count.toLocaleString("en")} ${count === 1 ? word : many}`;

/** Lay a JSON text out; what isn't JSON stays as it is. */
export function pretty(text) {
  if (text === undefined || text === null) return "";
  if (typeof text !== "string") return JSON.stringify(text, null, 2);
  try {
    return exactJson(text);
  } catch {
    return text;
  }
}

// JSON.parse would round integers beyond 2^53 and drop repeated keys: the text is laid out token by token instead.
function exactJson(text) {
  JSON.parse(text);
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) || [];
  const parts = [];
  let depth = 0;
  for (const [place, token] of tokens.entries()) {
    const next = tokens[place + 1];
    const line = () => `\n${"  ".repeat(depth)}`;
    if (token === "{" || token === "[") {
      parts.push(token);
      if (next === "}" || next === "]") continue;
      depth += 1;
      parts.push(line());
    } else if (token === "}" || token === "]") {
      if (tokens[place - 1] !== "{" && tokens[place - 1] !== "[") {
        depth -= 1;
        parts.push(line());
      }
      parts.push(token);
    } else if (token === ",") parts.push(",", line());
    else if (token === ":") parts.push(": ");
    else parts.push(token);
  }
  return parts.join("");
}

/** Read a cause: a Lambda's is a JSON document with a message and a stack trace, others are plain text. */
export function readCause(cause) {
  if (!cause) return { message: "", type: "", trace: "", text: "" };
  const text = String(cause);
  try {
    const document = JSON.parse(text);
    if (document && typeof document === "object" && ("errorMessage" in document || "errorType" in document)) {
      const lines = Array.isArray(document.stackTrace) ? document.stackTrace : [];
      const trace = lines.map(traceLine).join("");
      const last = [document.errorType, document.errorMessage].filter(Boolean).join(": ");
      return {
        message: String(document.errorMessage ?? ""), type: String(document.errorType ?? ""),
        trace: trace ? `Traceback (most recent call last):\n${trace}${last}` : "", text,
      };
    }
  } catch { /* an ordinary text */ }
  return { message: text, type: "", trace: "", text };
}

function traceLine(line) {
  // Some runtimes give [file, line, function, code] instead of text.
  const text = Array.isArray(line) ? `  File "${line[0]}", line ${line[1]}, in ${line[2]}\n    ${line[3]}` : String(line);
  return text.endsWith("\n") ? text : `${text}\n`;
}
