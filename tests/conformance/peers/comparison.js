// What two servers said to the same scripts, against the differences that are known: known_differences.json.
//
// An outcome is {script, client, sluice, peer}, the last two the lines that the client saw of each. A known difference
// names its scripts, its `clients` if only some see it, the lines that only one of the two has, and the reason. What
// differs and is not listed fails, and so does what is listed and does not differ just so.
import { readFileSync, writeFileSync } from "node:fs";

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
const without = (lines, others) => lines.filter((line) => !others.includes(line));

// The lines that only one has. If these are none and yet it is not the same, all of them.
function differenceOf({ sluice, peer }) {
  if (same(sluice, peer)) return { sluice: [], peer: [] };
  const only = { sluice: without(sluice, peer), peer: without(peer, sluice) };
  return only.sluice.length + only.peer.length > 0 ? only : { sluice, peer };
}

const isAbout = ({ scripts, clients }, { script, client }) => scripts.includes(script) && (clients ?? [client]).includes(client);
const code = (line) => `\`${line.replaceAll("|", "\\|").replaceAll("`", "'")}\``;
const cell = (lines) => lines.map(code).join("<br>") || "–";

export class Comparison {
  #peer;
  #known;
  #outcomes = [];

  constructor(peer) {
    this.#peer = peer;
    this.#known = JSON.parse(readFileSync(new URL("known_differences.json", import.meta.url)))[peer];
  }

  add(outcome) {
    const difference = differenceOf(outcome);
    const isSame = difference.sluice.length + difference.peer.length === 0;
    this.#outcomes.push({ ...outcome, difference, isSame, known: this.#known.find((each) => isAbout(each, outcome)) });
  }

  // What is wrong, for people.
  #failures() {
    const failures = [];
    for (const { script, client, difference, isSame, known, sluice, peer } of this.#outcomes) {
      const name = `${script} (${client})`;
      if (isSame && known) failures.push(`${name}: is listed as a difference and is none any more`);
      if (isSame || (known && same(difference, { sluice: known.sluice, peer: known.peer }))) continue;
      failures.push(`${name}: a difference that is not listed${known ? " so" : ""}\n  ${JSON.stringify(difference)}\n`
        + `  all of Sluice: ${JSON.stringify(sluice)}\n  all of ${this.#peer}: ${JSON.stringify(peer)}`);
    }
    const clients = new Set(this.#outcomes.map(({ client }) => client));
    for (const known of this.#known) {
      if (!known.reason) failures.push(`${known.scripts}: is listed without a reason`);
      // A client that is not here is skipped, with its differences.
      for (const client of known.clients?.filter((each) => clients.has(each)) ?? [undefined]) {
        for (const script of known.scripts) {
          const isRun = this.#outcomes.some((each) => each.script === script && each.client === (client ?? each.client));
          if (!isRun) failures.push(`${script} (${client ?? "any client"}): is listed, and no such script ran`);
        }
      }
    }
    return failures;
  }

  // For the page: figures, and a row for each known difference that was seen.
  #markdown(versions) {
    const clients = new Map();
    for (const { client } of this.#outcomes) clients.set(client, (clients.get(client) ?? 0) + 1);
    const runs = [...clients].map(([client, count]) => `${client} ${count}`).join(", ");
    const scripts = new Set(this.#outcomes.map(({ script }) => script)).size;
    const alike = this.#outcomes.filter(({ isSame }) => isSame).length;
    const lines = [
      `${versions}, ${scripts} scripts. Of ${this.#outcomes.length} runs (${runs}) ${alike} saw the same of both.`, "",
      `| script | only Sluice | only ${this.#peer} | why |`, "| --- | --- | --- | --- |",
    ];
    for (const known of this.#known) {
      if (!this.#outcomes.some((each) => each.known === known)) continue;
      const who = known.clients ? ` (${known.clients.join(", ")})` : "";
      const columns = [known.scripts.join("<br>") + who, cell(known.sluice), cell(known.peer), known.reason];
      lines.push(`| ${columns.join(" | ")} |`);
    }
    return `${lines.join("\n")}\n`;
  }

  // Writes the table and all outcomes, prints what is wrong; the exit status.
  finish(folder, versions) {
    writeFileSync(`${folder}/${this.#peer}.md`, this.#markdown(versions));
    writeFileSync(`${folder}/${this.#peer}.json`, JSON.stringify(this.#outcomes, null, 1));
    const failures = this.#failures();
    for (const failure of failures) console.log(failure);
    console.log(`${this.#outcomes.length} runs, ${failures.length} not as listed`);
    return failures.length === 0 && this.#outcomes.length > 0 ? 0 : 1;
  }
}
