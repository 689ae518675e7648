import { WrittenDocument, type WrittenMapping, type WrittenValue } from '../written-document.ts';

/** A service that can be deployed into a cluster: `boot-assets/catalogue/NAME.yaml`, or a file of the operator's. */
export interface CatalogueEntry {
  readonly name: string;
  readonly origin: 'podboot' | 'operator';
  readonly title: string;
  readonly summary: string;
  readonly notes?: string;
  /** Entries that have to be deployed before it. */
  readonly needs: readonly string[];
  readonly settings: readonly EntrySetting[];
  readonly steps: readonly EntryStep[];
  readonly links: readonly EntryLink[];
  /** How its own log is read, for people. */
  readonly log?: string;
}

/** What the operator may say of it, under `services` of the cluster. */
export interface EntrySetting {
  readonly name: string;
  readonly says: string;
  /** Absent: it has to be said. */
  readonly default?: string;
  readonly pattern?: RegExp;
  /** It is the path of a file that has to be there; `secret`: and nobody but its owner may read it. */
  readonly file?: 'any' | 'secret';
}

export interface EntryStep {
  readonly name: string;
  /** It is ended then, and has failed. */
  readonly deadlineMs?: number;
  /** A line of its output has to fit; scripts that check no exit code end with 0 whatever happened. */
  readonly says?: RegExp;
  readonly secrets: readonly EntrySecret[];
  /** Left out where no variant fits the checkout. */
  readonly isOptional: boolean;
  /** The first that fits counts. */
  readonly variants: readonly StepVariant[];
}

/** What the first group of the pattern holds stands in no log; it is shown once. */
export interface EntrySecret {
  readonly name: string;
  readonly pattern: RegExp;
}

/** What is run at some versions of the checkout. */
export interface StepVariant {
  /** For people: `20.10 and later`. */
  readonly versions: string;
  /** Of the checkout; absent: it needs none. */
  readonly file?: string;
  /** A text that the file has to hold. */
  readonly holds?: string;
  /** Settings that have to have these values. */
  readonly when: Readonly<Record<string, string>>;
  readonly argv?: readonly string[];
  readonly playbook?: { readonly tags: readonly string[]; readonly vars: Readonly<Record<string, string>> };
  readonly env: Readonly<Record<string, string>>;
}

export interface EntryLink {
  readonly name: string;
  readonly url: string;
  readonly probe?: EntryProbe;
}

export interface EntryProbe {
  /** Instead of the link's own. */
  readonly path?: string;
  readonly statuses: readonly number[];
  /** Its certificate is its own: it is not looked at, and nothing secret is sent. */
  readonly isSelfSigned: boolean;
}

export const ENTRY_NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const NAME_WORDS = 'a name of small letters, digits and hyphens';
const SETTING_NAME = /^[a-z][A-Za-z0-9]{0,31}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const CHECKOUT_FILE = /^(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}$/;
const PLACEHOLDER = /\{([^{}]*)\}/g;
const PLACES = ['checkout', 'kubeconfig', 'controlPlane'];
const HOUR_MS = 3_600_000;

/** @param file for messages @throws InvalidInput with everything that is wrong with it */
export function readEntry(name: string, origin: CatalogueEntry['origin'], file: string, text: string): CatalogueEntry {
  const document = new WrittenDocument(file, text);
  return document.finish(new EntryReader(name, origin).read(document.root));
}

class EntryReader {
  readonly #name: string;
  readonly #origin: CatalogueEntry['origin'];
  #settings: readonly EntrySetting[] = [];

  constructor(name: string, origin: CatalogueEntry['origin']) {
    this.#name = name;
    this.#origin = origin;
  }

  read(root: WrittenValue): CatalogueEntry | undefined {
    const entry = root.mapping(['title', 'summary', 'notes', 'needs', 'settings', 'steps', 'links', 'log']);
    if (entry === undefined) return undefined;
    this.#settings = entry.maybe('settings', readSettings) ?? [];
    const steps = entry
      .at('steps')
      .list(20)
      .flatMap((step) => this.#step(step) ?? []);
    if (!entry.at('steps').isThere) entry.at('steps').refuse('it is missing', 'Write what is to be run.');
    const notes = entry.maybe('notes', (value) => value.text());
    const log = entry.maybe('log', (value) => value.text());
    return {
      name: this.#name,
      origin: this.#origin,
      title: entry.at('title').text(/^.{1,80}$/, 'a title of one line') ?? '',
      summary: entry.at('summary').text(/^.{1,200}$/, 'one sentence') ?? '',
      ...(notes === undefined ? {} : { notes }),
      needs: entry.at('needs').texts(ENTRY_NAME, 'the name of another entry'),
      settings: this.#settings,
      steps,
      links: entry
        .at('links')
        .list(20)
        .flatMap((link) => this.#link(link) ?? []),
      ...(log === undefined ? {} : { log }),
    };
  }

  #step(value: WrittenValue): EntryStep | undefined {
    const step = value.mapping(['name', 'deadline', 'says', 'secrets', 'optional', 'variants']);
    if (step === undefined) return undefined;
    const deadlineMs = step.maybe('deadline', (each) => each.durationMs(1_000, 24 * HOUR_MS));
    const says = step.maybe('says', readPattern);
    const variants = step
      .at('variants')
      .list(20)
      .flatMap((variant) => this.#variant(variant) ?? []);
    if (variants.length === 0)
      step.at('variants').refuse('there is none', 'Write at least one, with argv or a playbook.');
    return {
      name: step.at('name').text(/^[a-z0-9][a-z0-9 -]{0,39}$/, 'a few small words') ?? '',
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
      ...(says === undefined ? {} : { says }),
      secrets: step
        .at('secrets')
        .list(8)
        .flatMap((secret) => readSecret(secret) ?? []),
      isOptional: step.maybe('optional', (each) => each.flag()) ?? false,
      variants,
    };
  }

  #variant(value: WrittenValue): StepVariant | undefined {
    const variant = value.mapping(['versions', 'file', 'holds', 'when', 'argv', 'playbook', 'env']);
    if (variant === undefined) return undefined;
    const file = variant.maybe('file', (each) => each.text(CHECKOUT_FILE, 'a path below the checkout'));
    const holds = variant.maybe('holds', (each) => each.text());
    const argv = variant.maybe('argv', (each) => each.list(50).flatMap((word) => this.#filled(word) ?? []));
    const playbook = variant.maybe('playbook', (each) => this.#playbook(each));
    if ((argv === undefined) === (playbook === undefined))
      value.refuse('it has neither argv nor playbook, or both', 'Write one of them.');
    if (playbook !== undefined && file === undefined)
      value.refuse('its playbook has no file', 'Write file: playbooks/….yml.');
    return {
      versions: variant.maybe('versions', (each) => each.text(/^.{1,60}$/, 'a few words')) ?? 'any',
      ...(file === undefined ? {} : { file }),
      ...(holds === undefined ? {} : { holds }),
      when: variant.maybe('when', (each) => this.#when(each)) ?? {},
      ...(argv === undefined ? {} : { argv }),
      ...(playbook === undefined ? {} : { playbook }),
      env: variant.maybe('env', (each) => this.#texts(each)) ?? {},
    };
  }

  #playbook(value: WrittenValue): StepVariant['playbook'] {
    const playbook = value.mapping(['tags', 'vars']);
    return {
      tags: playbook?.at('tags').texts(/^[a-z0-9_-]{1,64}$/, 'a tag') ?? [],
      vars: playbook?.maybe('vars', (each) => this.#texts(each)) ?? {},
    };
  }

  #when(value: WrittenValue): Readonly<Record<string, string>> {
    const mapping = value.mapping(this.#settings.map(({ name }) => name));
    if (mapping === undefined) return {};
    return Object.fromEntries(mapping.keys.map((key) => [key, mapping.at(key).text() ?? '']));
  }

  #texts(value: WrittenValue): Readonly<Record<string, string>> {
    const mapping = value.mapping('free');
    if (mapping === undefined) return {};
    for (const key of mapping.keys)
      if (!VARIABLE.test(key)) mapping.at(key).refuse('its name is none of a variable', 'Use letters, digits and _.');
    return Object.fromEntries(mapping.keys.map((key) => [key, this.#filled(mapping.at(key)) ?? '']));
  }

  #link(value: WrittenValue): EntryLink | undefined {
    const link = value.mapping(['name', 'url', 'probe']);
    if (link === undefined) return undefined;
    const url = this.#filled(link.at('url'));
    if (url !== undefined && !/^https?:\/\//.test(url))
      link.at('url').refuse('it is no URL', 'Begin it with http:// or https://.');
    const probe = link.maybe('probe', readProbe);
    return {
      name: link.at('name').text(/^.{1,40}$/, 'a name') ?? '',
      url: url ?? '',
      ...(probe === undefined ? {} : { probe }),
    };
  }

  /** A text whose placeholders are all known. */
  #filled(value: WrittenValue): string | undefined {
    const text = value.text();
    for (const [, word = ''] of text?.matchAll(PLACEHOLDER) ?? []) {
      const [kind, setting] = word.split('.', 2);
      const isKnown =
        (setting === undefined && PLACES.includes(word)) ||
        (kind === 'setting' && this.#settings.some(({ name }) => name === setting));
      // Go templates of kubectl have braces too.
      if (!isKnown && /^[a-zA-Z.]+$/.test(word) && !text?.includes('{{'))
        value.refuse(`nothing is known as {${word}}`, `There are {${PLACES.join('}, {')}} and {setting.NAME}.`);
    }
    return text;
  }
}

function readSettings(value: WrittenValue): readonly EntrySetting[] {
  const mapping = value.mapping('free');
  return (mapping?.keys ?? []).flatMap((name) => readSetting(name, mapping as WrittenMapping) ?? []);
}

function readSetting(name: string, settings: WrittenMapping): EntrySetting | undefined {
  const value = settings.at(name);
  const setting = value.mapping(['says', 'default', 'pattern', 'file']);
  if (setting === undefined) return undefined;
  if (!SETTING_NAME.test(name)) value.refuse('its name does not fit', 'Use letters and digits: keyFile.');
  const standard = setting.maybe('default', (each) => each.text());
  const pattern = setting.maybe('pattern', readPattern);
  const file = setting.maybe('file', (each) => each.oneOf(['any', 'secret']));
  return {
    name,
    says: setting.at('says').text() ?? '',
    ...(standard === undefined ? {} : { default: standard }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(file === undefined ? {} : { file }),
  };
}

function readSecret(value: WrittenValue): EntrySecret | undefined {
  const secret = value.mapping(['name', 'pattern']);
  const name = secret?.at('name').text(ENTRY_NAME, NAME_WORDS);
  const pattern = secret === undefined ? undefined : readPattern(secret.at('pattern'));
  if (name === undefined || pattern === undefined) return undefined;
  if (!/(^|[^\\])\((?!\?[:=!])/.test(pattern.source))
    secret?.at('pattern').refuse('it has no group', 'Put ( ) around the secret itself.');
  return { name, pattern };
}

function readProbe(value: WrittenValue): EntryProbe | undefined {
  const probe = value.mapping(['path', 'statuses', 'selfSigned']);
  if (probe === undefined) return undefined;
  const path = probe.maybe('path', (each) => each.text(/^\/[^\s]{0,200}$/, 'a path that begins with /'));
  const statuses = probe.maybe('statuses', (each) => each.list(10).flatMap((status) => status.number(100, 599) ?? []));
  return {
    ...(path === undefined ? {} : { path }),
    statuses: statuses ?? [200],
    isSelfSigned: probe.maybe('selfSigned', (each) => each.flag()) ?? false,
  };
}

function readPattern(value: WrittenValue): RegExp | undefined {
  const text = value.text(/^.{1,200}$/s, 'a pattern of at most 200 characters');
  if (text === undefined) return undefined;
  try {
    return new RegExp(text);
  } catch {
    return value.refuse('it is no regular expression', 'Write it as JavaScript has it, in single quotes.');
  }
}
