// What sekid says, once a second: by server-sent events; where those cannot be had, because as many look already as may, by asking every ten seconds.

const again = 10_000;

export class Feed {
  // told(state, history); state is null while there is no segment. said(words, whether it is bad).
  constructor(told, said) {
    this.told = told;
    this.said = said;
    this.history = null;
    this.heard = 0;
    this.connect();
    this.ask();
  }

  connect() {
    const source = new EventSource("/api/v1/state?follow=1");
    source.addEventListener("history", (event) => (this.history = JSON.parse(event.data)));
    source.addEventListener("state", (event) => this.hear(JSON.parse(event.data)));
    source.addEventListener("gone", () => this.hear(null));
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return this.said("Connection lost: trying again", true);
      this.said("Not live: asked every ten seconds", true);
      setTimeout(() => {
        this.ask();
        this.connect();
      }, again);
    });
  }

  hear(state) {
    ++this.heard;
    if (state === null) this.said("Not live: there is no segment", true);
    else this.said("Live", false);
    this.told(state, this.history);
  }

  // Also at first, so that there is something to see before the next second. What comes after something newer is of no use.
  async ask() {
    const before = this.heard;
    const answers = await Promise.all(["/api/v1/history", "/api/v1/state"].map((page) => fetch(page))).catch(() => null);
    if (answers === null) return;
    const [history, state] = answers;
    const told = history.ok && state.ok ? [await state.json(), await history.json()] : state.status === 503 ? [null, null] : null;
    if (told !== null && this.heard === before) this.told(...told);
  }
}
