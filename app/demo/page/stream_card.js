// Shows the state and the figures of an EventStream in the elements of a card: [data-field] holds
// text, the card's own data attributes hold the same for style sheets and tests.

export class StreamCard {
  #root;
  #stream = null;

  constructor(root) {
    this.#root = root;
  }

  // Shows `stream` from now on, and no other.
  follow(stream) {
    this.#stream = stream;
    stream.addEventListener("change", () => this.#stream === stream && this.#update());
    this.#update();
  }

  button(action) {
    return this.#root.querySelector(`[data-action="${action}"]`);
  }

  field(name) {
    return this.#root.querySelector(`[data-field="${name}"]`);
  }

  show(name, text) {
    const field = this.field(name);
    // Untouched if unchanged, so that a screen reader is not told again.
    if (field && field.textContent !== String(text)) field.textContent = text;
  }

  // `tone`: "", "good" or "warning".
  say(text, tone = "") {
    this.show("message", text);
    this.field("message").dataset.tone = tone;
  }

  #update() {
    const { state, lastEventId, epoch, events, resumes, gaps } = this.#stream;
    Object.assign(this.#root.dataset, { state, lastEventId, events, resumes, gaps });
    this.show("state", state);
    this.show("last-event-id", lastEventId || "–");
    this.show("epoch", epoch || "–");
    this.show("events", events.toLocaleString("en"));
    this.show("resumes", resumes);
    this.show("gaps", gaps);
    this.button("cut").disabled = state !== "live";
  }
}
