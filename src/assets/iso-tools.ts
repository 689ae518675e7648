import { HostRefused } from '../domain/errors.ts';
import { parseBsdtarListing } from './bsdtar-listing.ts';
import { findTool } from './child-tool.ts';
import type { MediumEntry } from './medium.ts';
import { parseXorrisoListing } from './xorriso-listing.ts';

/** A program that reads ISO 9660 from its standard input. */
export interface IsoTool {
  readonly name: 'bsdtar' | 'xorriso';
  /** Its input needs no right to be opened anew. */
  readonly asNobody: boolean;
  readonly listing: readonly string[];
  parse(listing: string): MediumEntry[];
  /**
   * Command lines whose outputs, one after another, are the contents of files in the order of the listing; `all`: of
   * more files than were asked for.
   */
  contents(paths: readonly string[]): { readonly argvs: readonly (readonly string[])[]; readonly all: boolean };
}

/** A name that means itself in a pattern of bsdtar. */
const NO_PATTERN = /^[A-Za-z0-9._+@~/-]+$/;
/** Beyond this many, picking files out costs more than reading all. */
const MOST_PICKED = 64;
/** Half of what Linux takes in all (ARG_MAX); one argument may have 128 KiB. */
const MOST_ARGUMENT_BYTES = 1024 * 1024;

function bsdtar(program: string): IsoTool {
  return {
    name: 'bsdtar',
    asNobody: true,
    listing: [program, '-tvf', '-'],
    parse: parseBsdtarListing,
    contents(paths) {
      const all = paths.length > MOST_PICKED || !paths.every((path) => NO_PATTERN.test(path));
      return { argvs: [[program, '-xOf', '-', ...(all ? [] : ['--', ...paths])]], all };
    },
  };
}

function xorriso(program: string): IsoTool {
  // -no_rc: no start-up file of whoever runs it. The input is a file and no drive.
  const head = [program, '-no_rc', '-abort_on', 'FAILURE', '-return_with', 'SORRY', '32', '-report_about', 'SORRY'];
  const input = ['-indev', 'stdio:/proc/self/fd/0', '-iso_rr_pattern', 'off'];
  return {
    name: 'xorriso',
    asNobody: false,
    listing: [...head, ...input, '-find', '/', '-exec', 'lsdl', '--'],
    parse: parseXorrisoListing,
    contents(paths) {
      const argvs = batches(paths).map((batch) => [
        ...head,
        '-osirrox',
        'on',
        ...input,
        '-concat',
        'overwrite',
        '-',
        ...batch.map((path) => `/${path}`),
        '--',
      ]);
      return { argvs, all: false };
    },
  };
}

function batches(paths: readonly string[]): string[][] {
  const all: string[][] = [];
  let room = 0;
  for (const path of paths) {
    const needs = Buffer.byteLength(path) + 16;
    if (room < needs || all.length === 0) {
      all.push([]);
      room = MOST_ARGUMENT_BYTES;
    }
    all.at(-1)?.push(path);
    room -= needs;
  }
  return all;
}

const MAKERS = { bsdtar, xorriso };

/**
 * bsdtar, else xorriso.
 * @throws HostRefused where neither is installed
 */
export function chooseIsoTool(path?: string, usual?: readonly string[]): IsoTool {
  for (const name of ['bsdtar', 'xorriso'] as const) {
    const program = findTool(name, path, usual);
    if (program !== undefined) return MAKERS[name](program);
  }
  throw new HostRefused(
    'an ISO is read by bsdtar or xorriso, and neither is installed',
    'Install the package libarchive-tools (or xorriso).',
  );
}

/** One of them by name. @throws HostRefused */
export function isoTool(name: IsoTool['name']): IsoTool {
  const program = findTool(name);
  if (program !== undefined) return MAKERS[name](program);
  const debian = name === 'bsdtar' ? 'libarchive-tools' : name;
  throw new HostRefused(`${name} is not installed`, `Install the package ${debian}.`);
}
