// What two servers said to the same scripts, against the differences that are known: known_differences.json.
//
// An outcome is {script, client, sluice, peer}: lines of each. A known difference has the name of the script,
// `clients` if only some of them see it, the lines that only one of the two has, and the reason.
// What differs and is not listed fails, and so does what is listed and no longer differs just so.
import { readFileSync, writeFileSync } from "node:fs";

const without = (lines, others) => lines.filter((line) => !others.includes(line));

// The lines that only one has. The same lines in another order are all of them.
function differenceOf({ sluice, peer }) {
  if (JSON.stringify(sluice) === JSON.stringify(peer)) return { sluice: [], peer: [] };
  const only = { sluice: without(sluice, peer), peer: without(peer, sluice) };
  return only.sluice.length + only.peer.length > 0 ? only : { sluice, peer };
}

const isSame = (one, other) => JSON.stringify([one.sluice, one.peer]) === JSON.stringify([other.sluice, other.peer]);
const sees = (known, { script, client }) => known.script === script && (known.clients ?? [client]).includes(client);

export class Comparison {
  #peer;
  #known;
  #outcomes = [];

  constructor(peer) {
    this.#peer = peer;
    this.#known = JSON.parse(readFileSync(new URL("known_differences.json", import.meta.url)))[peer];
  }

  add(outcome) {
    this.#outcomes.push({ ...outcome, difference: differenceOf(outcome) });
  }

  get clients() {
    return [...new Set(this.#outcomes.map(({ client }) => client))];
  }

  // What is wrong, for people.
  failures() {
    const failures = [];
    for (const outcome of this.#outcomes) {
      const { script, client, difference } = outcome;
      const known = this.#known.find((each) => sees(each, outcome)) ?? { sluice: [], peer: [] };
      if (isSame(difference, known)) continue;
      failures.push(`${script} (${client}): ${known.reason ? "not the difference that is listed" : "a difference that is not listed"}\n`
        + JSON.stringify({ script, clients: [client], ...difference, reason: "" }, null, 2)
        + `\n  all of Sluice: ${JSON.stringify(outcome.sluice)}\n  all of ${this.#peer}: ${JSON.stringify(outcome.peer)}`);
    }
    for (const known of this.#known) {
      for (const client of known.clients ?? [undefined]) {
        // A client that is not here has been skipped, and said so.
        if (client && !this.clients.includes(client)) continue;
        if (!this.#outcomes.some((outcome) => outcome.script === known.script && (!client || outcome.client === client))) {
          failures.push(`${known.script} (${client ?? "any client"}): is listed, and no script`);
        }
      }
      if (!known.reason) failures.push(`${known.script}: is listed without a reason`);
    }
    return failures;
  }

  // For the page: figures, and a row for each difference.
  markdown(versions) {
    const cell = (lines) => lines.map((line) => `\`${line.replaceAll("|", "\\|").replaceAll("`", "'")}\``).join("<br>") || "–";
    const differing = this.#outcomes.filter(({ difference }) => difference.sluice.length + difference.peer.length > 0);
    const rows = [];
    for (const outcome of differing) {
      const known = this.#known.find((each) => sees(each, outcome));
      const row = rows.find((each) => each.known && each.known === known);
      if (row) row.clients.push(outcome.client);
      else rows.push({ known, clients: [outcome.client], outcome });
    }
    const runs = this.clients.map((client) => [client, this.#outcomes.filter((each) => each.client === client).length]);
    const scripts = new Set(this.#outcomes.map(({ script }) => script)).size;
    const same = this.#outcomes.length - differing.length;
    const lines = [
      `${versions}: ${scripts} scripts, ${same} of ${this.#outcomes.length} runs the same (${runs.map((run) => run.join(" ")).join(", ")}).`,
      "", `| script | only Sluice | only ${this.#peer} | why |`, "| --- | --- | --- | --- |",
    ];
    for (const { known, clients, outcome: { script, difference } } of rows) {
      const all = this.#outcomes.filter((each) => each.script === script).length;
      const who = clients.length === all ? "" : ` (${clients.join(", ")})`;
      lines.push(`| ${script}${who} | ${cell(difference.sluice)} | ${cell(difference.peer)} | ${known?.reason ?? "**not listed**"} |`);
    }
    return `${lines.join("\n")}\n`;
  }

  // Writes the table, prints what is wrong; the exit status.
  finish(file, versions) {
    writeFileSync(file, this.markdown(versions));
    const failures = this.failures();
    for (const failure of failures) console.log(failure);
    console.log(`${this.#outcomes.length} runs, ${failures.length} of them not as listed`);
    return failures.length === 0 && this.#outcomes.length > 0 ? 0 : 1;
  }
}
