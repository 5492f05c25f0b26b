// The form that publishes.

// Passes what `form` holds to the gateway and writes the answer to `result`. Tells `onType` which
// type is about to be published.
export class PublishForm {
  #form;
  #result;
  #onType;

  constructor(form, result, onType) {
    this.#form = form;
    this.#result = result;
    this.#onType = onType;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#publish();
    });
  }

  async #publish() {
    const { user, type, data } = this.#form.elements;
    this.#onType(type.value || "message");
    const started = performance.now();
    try {
      const response = await fetch("/demo/publish", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ userId: user.value, event: { type: type.value, data: data.value } }),
      });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error.message);
      const took = (performance.now() - started).toFixed(0);
      this.#say(`Stored as ${answer.eventId} in ${took} ms.`, "good");
      this.#result.dataset.eventId = answer.eventId;
    } catch (error) {
      this.#say(`Not published: ${error.message}`, "warning");
    }
  }

  #say(text, tone) {
    this.#result.textContent = text;
    this.#result.dataset.tone = tone;
  }
}
