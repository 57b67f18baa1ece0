// The service behind the pages: what it is asked, what it is told to do, and the news it sends.

import { showToken } from "./token.js";

const BASE = "/_step/";

export class ServiceError extends Error {}

async function answered(response) {
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body;
  throw new ServiceError(body ? `${body.error}: ${body.message}` : `the service answered ${response.status}`);
}

async function send(path, options = {}) {
  try {
    return await showToken((headers) => fetch(path, { cache: "no-store", ...options, headers: { ...options.headers, ...headers } }));
  } catch {
    throw new ServiceError("the service can't be reached");
  }
}

export const link = (page, query = {}) => {
  const words = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return `${BASE}${page}${words.length ? `?${new URLSearchParams(words)}` : ""}`;
};
export const read = async (name, query = {}) => answered(await send(link(`api/${name}`, query)));
export const readText = async (name, query = {}) => (await send(link(`api/${name}`, query))).text();
/** Read a file that the service makes: its name and its text. */
export async function readFile(name, query) {
  const response = await send(link(name, query));
  if (!response.ok) return answered(response);
  const [, file] = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition")) || [null, name];
  return { file, text: await response.text() };
}

/** Tell the service to do something. The header of our own shows that no other site's page asks. */
export const act = async (name, body) =>
  answered(await send(link(`api/${name}`), { method: "POST", headers: { "Content-Type": "application/json", "X-Step-Action": "1" }, body: JSON.stringify(body) }));

const RETRY_MS = 1000;
/** Hear news until told to end, again and again after an interruption. (An EventSource can't show a token.) */
function hear(path, { opened, message, broken }) {
  const ending = new AbortController();
  const once = async () => {
    const response = await send(path, { signal: ending.signal });
    if (!response.ok) return;
    opened();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; ;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (text + value).split("\n\n");
      text = parts.pop();
      for (const part of parts) if (part.startsWith("data: ")) message(JSON.parse(part.slice(6)));
    }
  };
  const forever = async () => {
    while (!ending.signal.aborted) {
      await once().catch(() => null);
      if (ending.signal.aborted) return;
      broken();
      await new Promise((again) => setTimeout(again, RETRY_MS));
    }
  };
  forever();
  return () => ending.abort();
}

const PAGE = 5000;
/** Read all events behind the one with an id; `take` gets them part by part. */
export async function readHistory(arn, after, take) {
  let last = after;
  for (;;) {
    const { events } = await read("history", { arn, after: last, limit: PAGE });
    if (!events.length) return;
    last = events[events.length - 1].id;
    take(events);
    if (events.length < PAGE) return;
  }
}

/**
 * Call `update` now and whenever something changes, one call at a time and not too often; `update(arns)` gets what
 * changed (empty: anything may have). `standing(isLive)` hears whether news come.
 */
export function follow(query, update, standing = () => {}) {
  let end = null;
  let isBusy = false;
  let waiting = null;
  const run = async (arns) => {
    if (isBusy) {
      waiting = waiting === null ? arns : arns.length && waiting.length ? [...waiting, ...arns] : [];
      return;
    }
    isBusy = true;
    try {
      await update(arns);
      standing(true);
    } catch (error) {
      standing(false, error.message);
    }
    isBusy = false;
    if (waiting !== null) {
      const next = waiting;
      waiting = null;
      await run(next);
    }
  };
  const open = () => {
    end = hear(link("api/changes", query), {
      // After an interruption the stream opens anew: what came meanwhile is asked for.
      opened: () => run([]),
      message: (told) => run(told.arns),
      broken: () => standing(false, "no news: the service doesn't answer"),
    });
  };
  // A browser has six connections for a service: pages that nobody sees give theirs back.
  document.addEventListener("visibilitychange", () => {
    end();
    if (!document.hidden) open();
  });
  open();
}
