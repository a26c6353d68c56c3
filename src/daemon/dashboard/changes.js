// Tells of changes of state, for who looks and for who listens to a screen reader.

import { element, named } from "./dom.js";
import { time } from "./words.js";

const most = 50;
const atOnce = 5;

export class Changes {
  constructor(list) {
    this.list = list;
    this.words = null;
  }

  hear(all) {
    const before = this.words;
    this.words = new Map(all.map((each) => [each.id, each.verdict.word]));
    if (before === null) return;
    const changed = all.filter((each) => before.has(each.id) && before.get(each.id) !== each.verdict.word);
    for (const each of changed.slice(0, atOnce))
      this.tell(element("li", {}, `${time(each.now)} ${each.kind} `, named(each.name), ` is ${each.verdict.word}, was ${before.get(each.id)}`));
    if (changed.length > atOnce) this.tell(element("li", {}, `${time(changed[0].now)} and ${changed.length - atOnce} others`));
  }

  tell(line) {
    this.list.prepend(line);
    while (this.list.children.length > most) this.list.lastElementChild.remove();
  }
}
