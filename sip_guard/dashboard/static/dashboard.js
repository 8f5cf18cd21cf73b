"use strict";
// Reads parts of the page again and puts them in the place of the old ones. Without it, the page is as it was loaded.

const PARTS = [{ path: "/decisions", every: 700 }, { path: "/figures", every: 3000 }];
const GIVE_UP = 10000; // milliseconds without an answer
const PATIENCE = 3000; // milliseconds of failures until that is said: a connection may be closed at any time

const link = document.getElementById("link");
const failing = new Map(); // since when, by path
const shown = new Map();

function keys(element) {
    return new Set([...element.querySelectorAll("[data-key]")].map((each) => each.dataset.key));
}

// The focus stays on the same link.
function replace(old, fresh) {
    const known = keys(old);
    for (const each of fresh.querySelectorAll("[data-key]")) {
        each.classList.toggle("new", !known.has(each.dataset.key));
    }
    const focused = old.contains(document.activeElement) ? document.activeElement.href : undefined;
    old.replaceChildren(...fresh.childNodes);
    if (focused !== undefined) {
        [...old.querySelectorAll("a")].find((each) => each.href === focused)?.focus({ preventScroll: true });
    }
}

async function read(path) {
    const answer = await fetch(path + location.search, { signal: AbortSignal.timeout(GIVE_UP) });
    if (!answer.ok) {
        throw new Error(answer.status);
    }
    const text = await answer.text();
    // What somebody has marked, to copy it, is not taken away.
    if (text === shown.get(path) || !getSelection().isCollapsed) {
        return;
    }
    shown.set(path, text);
    const fresh = new DOMParser().parseFromString(text, "text/html");
    for (const each of fresh.body.children) {
        replace(document.getElementById(each.id), each);
    }
}

function tell() {
    const since = Math.min(...failing.values());
    link.hidden = Date.now() - since < PATIENCE || failing.size === 0;
    const at = link.hidden ? "" : new Date(since).toISOString().slice(11, 19);
    const text = link.hidden ? "" : `Not live: since ${at} UTC the guard does not answer.`;
    if (link.textContent !== text) {
        link.textContent = text;
    }
}

async function follow({ path, every }) {
    if (!document.hidden) {
        try {
            await read(path);
            failing.delete(path);
        } catch {
            failing.set(path, failing.get(path) ?? Date.now());
        }
        tell();
    }
    setTimeout(follow, every, { path, every });
}

for (const part of PARTS) {
    setTimeout(follow, part.every, part);
}
