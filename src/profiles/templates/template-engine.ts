import { createRequire } from 'node:module';
import type { Liquid, LiquidOptions } from 'liquidjs';
import { InvalidInput, type Problem } from '../../domain/errors.ts';
import { type Language, languageOf, QUOTES } from './languages.ts';
import type { TemplateFiles } from './template-files.ts';

/** Far beyond any answer file, near enough that a template that loops by mistake ends. */
const LIMITS = { parseLimit: 1_000_000, renderLimit: 2_000, memoryLimit: 20_000_000 };

/** Tags that write without passing through the language's quotes, or that answer files have no use for. */
const REMOVED_TAGS = ['cycle', 'tablerow', 'layout', 'block'];

interface TemplateToken {
  readonly file?: string;
  getText(): string;
  getPosition(): readonly number[];
}

/**
 * Renders templates in LiquidJS: a value that is not there ends it, every value is quoted as the language has it, and
 * nothing but TemplateFiles is read. The library is loaded when the first template is.
 */
export class TemplateEngine {
  readonly #files: TemplateFiles;
  readonly #engines = new Map<Language, Liquid>();

  constructor(files: TemplateFiles) {
    this.#files = files;
  }

  /** @throws InvalidInput with the template's file and line */
  render(name: string, language: Language, scope: object): string {
    const { label, text } = this.#files.read(name);
    const engine = this.#engine(language);
    try {
      return engine.renderSync(engine.parse(text, label), scope);
    } catch (error) {
      throw refusal(label, error);
    }
  }

  #engine(language: Language): Liquid {
    let engine = this.#engines.get(language);
    if (engine === undefined) {
      engine = this.#create(language);
      this.#engines.set(language, engine);
    }
    return engine;
  }

  #create(language: Language): Liquid {
    const library: typeof import('liquidjs') = createRequire(import.meta.url)('liquidjs');
    const options: LiquidOptions = {
      ...LIMITS,
      root: ['.'],
      fs: this.#fileSystem(language),
      relativeReference: false,
      strictFilters: true,
      strictVariables: true,
      lenientIf: true,
      ownPropertyOnly: true,
      outputEscape: QUOTES[language],
    };
    const engine = new library.Liquid(options);
    for (const tag of REMOVED_TAGS) delete engine.tags[tag];
    // A value within another language's value: `{{ url | sh }}` in a command of a preseed file.
    engine.registerFilter('sh', (value: unknown) => QUOTES.shell(value));
    engine.registerFilter('verbatim', { raw: true, handler: (value: unknown) => String(value) });
    return engine;
  }

  /** Partials by the same names as templates. One in another language would quote for the wrong reader. */
  #fileSystem(language: Language): NonNullable<LiquidOptions['fs']> {
    const files = this.#files;
    const labelled = (file: string): string => {
      const own = languageOf(file);
      if (own !== undefined && own !== language) {
        throw new Error(`${file} is a template for ${own}, and this file is ${language}`);
      }
      return file;
    };
    const read = (file: string) => files.read(file).text;
    return {
      resolve: (_folder, file) => labelled(file),
      existsSync: (file) => files.has(file),
      readFileSync: read,
      exists: async (file) => files.has(file),
      readFile: async (file) => read(file),
      contains: async () => true,
      containsSync: () => true,
    };
  }
}

function refusal(label: string, error: unknown): InvalidInput {
  if (error instanceof InvalidInput) return error;
  const problem = problemOf(label, error);
  const place = problem.line === undefined ? problem.path : `${problem.path}, line ${problem.line}`;
  return new InvalidInput(`the template ${place}: ${problem.message}`, [problem], problem.mend);
}

function problemOf(label: string, error: unknown): Problem {
  const token = tokenOf(error);
  const [line] = token?.getPosition() ?? [];
  const message = plainMessage(error);
  const missing = /^undefined variable: (.+)$/.exec(message)?.[1];
  const text = token?.getText() ?? '';
  return {
    path: token?.file ?? label,
    message:
      missing !== undefined
        ? `there is no value ${missing}`
        : /^(has|is|begins|ends) /.test(message)
          ? `${text} ${message}`
          : message,
    ...(line === undefined ? {} : { line }),
    ...mendFor(missing ?? /\{\{-?\s*([\w.]+)/.exec(text)?.[1]),
  };
}

function mendFor(name: string | undefined): { readonly mend?: string } {
  const value = /^(install\.variables|install|secrets)\.(\w+)/.exec(name ?? '');
  if (value === null) return {};
  const key = `${(value[1] ?? '').replace(/^install\.?/, '')}.${value[2]}`.replace(/^\./, '');
  return { mend: `Write ${key} under values of install, the role or the profile, or under install of the node.` };
}

/** LiquidJS puts file, line and a piece of the template behind its message. */
function plainMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/, (file:.*, )?line:\d+, col:\d+$/s, '');
}

function tokenOf(error: unknown): TemplateToken | undefined {
  if (typeof error !== 'object' || error === null || !('token' in error)) return undefined;
  const token = error.token as Partial<TemplateToken> | undefined;
  return typeof token?.getPosition === 'function' && typeof token.getText === 'function'
    ? (token as TemplateToken)
    : undefined;
}
