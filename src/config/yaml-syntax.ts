import { type Document, type ErrorCode, isCollection, isScalar, type LineCounter, visit, type YAMLError } from 'yaml';

/** Something that is wrong with the file as YAML. */
export interface SyntaxFinding {
  readonly line: number;
  readonly message: string;
  readonly mend?: string;
  /** The rest of the file can't be trusted to be what was meant. */
  readonly fatal: boolean;
}

interface Explanation {
  readonly message: string;
  readonly mend: string;
}

const QUOTE = 'Put the value in double quotes.';
const UNKNOWN: Explanation = { message: 'this is no valid YAML', mend: QUOTE };
const INDENT = 'Give each level two spaces more than the one above, and keys of one level the same.';

const EXPLANATIONS: Readonly<Partial<Record<ErrorCode, Explanation>>> = {
  ALIAS_PROPS: {
    message: 'an alias (`*name`) has an anchor or a tag of its own',
    mend: 'Remove what stands before it.',
  },
  BAD_ALIAS: { message: "this alias (`*name`) can't be read", mend: QUOTE },
  BAD_COLLECTION_TYPE: { message: 'the tag does not fit what follows', mend: 'Remove the tag (`!…`).' },
  BAD_DIRECTIVE: {
    message: 'a line that begins with % is a YAML directive',
    mend: 'Remove it, or put the value in double quotes.',
  },
  BAD_DQ_ESCAPE: {
    message: "a backslash in double quotes is followed by something that it can't escape",
    mend: 'Write the backslash twice, or use single quotes.',
  },
  BAD_INDENT: { message: 'the indentation does not fit the lines around it', mend: INDENT },
  BAD_PROP_ORDER: {
    message: 'an anchor or a tag stands in the wrong place',
    mend: 'Write it directly before its value.',
  },
  BAD_SCALAR_START: { message: "a plain value can't begin with this character", mend: QUOTE },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'a key and its value stand inside another value',
    mend: `${INDENT} Quote a value that holds ": ".`,
  },
  BLOCK_IN_FLOW: {
    message: 'indented lines stand inside { } or [ ]',
    mend: 'Close the bracket, or write all of it with brackets.',
  },
  KEY_OVER_1024_CHARS: {
    message: 'a key is longer than 1024 characters',
    mend: 'Look for a quote that was not closed.',
  },
  MISSING_CHAR: {
    message: 'a character is missing',
    mend: 'Look for a quote, a bracket or a comma that is not there.',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'a key goes over several lines',
    mend: 'Look for a colon or a quote that is missing on the line above.',
  },
  MULTIPLE_ANCHORS: { message: 'one value has two anchors (`&name`)', mend: 'Keep one.' },
  MULTIPLE_TAGS: { message: 'one value has two tags', mend: 'Remove them.' },
  NON_STRING_KEY: { message: 'a key is not a text', mend: 'Put the key in double quotes.' },
  TAB_AS_INDENT: { message: 'a tab is used as indentation', mend: 'Use spaces: YAML has no tabs there.' },
  TAG_RESOLVE_FAILED: {
    message: 'this tag (`!…`) is not known',
    mend: 'Remove it; a value that begins with ! belongs in double quotes.',
  },
  UNEXPECTED_TOKEN: {
    message: 'this is not expected here',
    mend: 'Look for a bracket, a quote or a colon that is missing or too much, here or on the line above.',
  },
};

const OPEN_QUOTE: Explanation = {
  message: 'a quote that is opened here is never closed',
  mend: 'Close the quote on the same line.',
};

const OPEN_BRACKET: Explanation = {
  message: 'a bracket that was opened above is not closed before this line',
  mend: 'Close it with ] or }, whichever it was.',
};

/** Everything that the parser says, in our words: its own name positions and tokens, not what to do. */
export function syntaxFindings(document: Document.Parsed, lines: LineCounter): SyntaxFinding[] {
  const line = (offset: number): number => lines.linePos(offset).line;
  return withoutEchoes([
    ...document.errors.map((error) => explain(error, document, line)),
    ...document.warnings.map((error) => ({ ...explain(error, document, line), fatal: false })),
    ...structureFindings(document, line),
  ]);
}

/** One mistake makes the parser stumble several times: the first on a line counts, none after an open quote. */
function withoutEchoes(findings: readonly SyntaxFinding[]): SyntaxFinding[] {
  const open = findings.find((finding) => finding.message === OPEN_QUOTE.message)?.line ?? Number.POSITIVE_INFINITY;
  const fatalLines = new Set<number>();
  return findings.filter(({ fatal, line, message }) => {
    if (line > open || (line === open && message !== OPEN_QUOTE.message)) return false;
    if (!fatal) return true;
    const isFirst = !fatalLines.has(line);
    fatalLines.add(line);
    return isFirst;
  });
}

function explain(error: YAMLError, document: Document.Parsed, line: (offset: number) => number): SyntaxFinding {
  const start = error.pos[0];
  if (error.code === 'DUPLICATE_KEY') {
    return {
      fatal: false,
      line: line(start),
      message: `the key${keyAt(document, start)} stands here a second time`,
      mend: 'Keep one of the two: YAML would use only one of them.',
    };
  }
  if (error.code === 'MISSING_CHAR' && /closing .*quote/.test(error.message)) {
    return {
      fatal: true,
      line: line(lastQuoteBefore(document, start) ?? start),
      ...OPEN_QUOTE,
    };
  }
  const bracket = /^Flow (map|sequence) /.test(error.message);
  const explanation = bracket ? OPEN_BRACKET : (EXPLANATIONS[error.code] ?? UNKNOWN);
  return { fatal: true, line: line(start), ...explanation };
}

/** What the parser takes and JavaScript can't hold: aliases of nothing, lists and mappings as keys. */
function structureFindings(document: Document.Parsed, line: (offset: number) => number): SyntaxFinding[] {
  const findings: SyntaxFinding[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return;
      findings.push({
        fatal: true,
        line: line(alias.range?.[0] ?? 0),
        message: `no anchor &${alias.source} stands above the alias *${alias.source}`,
        mend: `Set the anchor before it is used, or quote the value: "*${alias.source}".`,
      });
    },
    Pair(_, { key }) {
      if (!isCollection(key)) return;
      findings.push({
        fatal: true,
        line: line(key.range?.[0] ?? 0),
        message: 'a key is a list or a mapping',
        mend: 'Put a key that begins with [ or { in double quotes.',
      });
    },
  });
  return findings;
}

function keyAt(document: Document.Parsed, offset: number): string {
  let found = '';
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && key.range?.[0] === offset) found = ` \`${key.value}\``;
    },
  });
  return found;
}

function lastQuoteBefore(document: Document.Parsed, offset: number): number | undefined {
  let found: number | undefined;
  visit(document, {
    Scalar(_, { type, range }) {
      const start = range?.[0] ?? offset;
      if ((type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE') && start < offset) found = Math.max(found ?? 0, start);
    },
  });
  return found;
}
