// What has arrived so far, and a way to wait for the rest without polling.

const PATIENCE_MS = 20_000;

export class Arrivals {
  items = [];
  #waiters = new Set();

  add(item) {
    this.items.push(item);
    for (const waiter of [...this.#waiters]) waiter();
  }

  // Resolves to all items once `count` have arrived.
  count(count) {
    return this.until((items) => items.length >= count, `${count} items`);
  }

  // Resolves to the first item that `matches`.
  async first(matches) {
    return (await this.until((items) => items.some(matches), "a certain item")).find(matches);
  }

  // Resolves to all items once `holds(items)`; fails, and says what is there, if that takes too long.
  until(holds, what = "a certain state") {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!holds(this.items)) return;
        finish();
        resolve(this.items);
      };
      const timer = setTimeout(() => {
        finish();
        const seen = JSON.stringify(this.items).slice(0, 2_000);
        reject(new Error(`waited in vain for ${what}; ${this.items.length} arrived: ${seen}`));
      }, PATIENCE_MS);
      const finish = () => {
        clearTimeout(timer);
        this.#waiters.delete(check);
      };
      this.#waiters.add(check);
      check();
    });
  }
}

// Asks again until `probe()` is truthy, for states that announce themselves to nobody.
export async function eventually(probe, what) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
