import type { Problem } from '../../domain/errors.ts';
import type { InterfaceRole } from '../../domain/node.ts';
import { DISK_METHODS, INTERFACE_ROLES, LOADERS, shown } from '../node-input.ts';
import { type BmcColumn, bmcCell } from './bmc-cell.ts';
import { type CellReading, readCell, readMacCell, readTextCell } from './cells.ts';
import type { InterfaceField, NodeField } from './columns.ts';
import type { Column } from './csv-heading.ts';
import { CsvNode, type Writable } from './csv-node.ts';
import type { CsvRow } from './csv-text.ts';
import { type ImportedInterface, type ImportedNode, MAX_INTERFACES } from './imported-node.ts';
import { optionOf, recordOf } from './option-cell.ts';

const INTERFACE_IS_NAMED_BY_ROLE: Readonly<Record<InterfaceRole, string>> = {
  boot: 'boot',
  bmc: 'bmc',
  infiniband: 'ib',
  other: 'other',
};

/** Joins the rows of a table to nodes. */
export class CsvNodes {
  readonly #columns: readonly Column[];
  readonly #problems: Problem[];
  readonly #byKey = new Map<string, CsvNode>();
  readonly #keyColumns: readonly (Column | undefined)[];

  /** @param problems what is wrong is added to them */
  constructor(columns: readonly Column[], problems: Problem[]) {
    this.#columns = columns;
    this.#problems = problems;
    this.#keyColumns = (['name', 'serialNumber'] as const).map((field) =>
      columns.find(({ target }) => target.kind === 'node' && target.field === field),
    );
  }

  get size(): number {
    return this.#byKey.size;
  }

  all(): readonly ImportedNode[] {
    return [...this.#byKey.values()];
  }

  add(row: CsvRow): void {
    const node = this.#nodeOf(row);
    const rowInterface: Said = new Map();
    const named = new Map<string, Said>();
    for (const column of this.#columns) {
      const text = row.cells[column.index];
      // A row that ends early says nothing of the columns behind its end.
      if (text === undefined) break;
      const { target } = column;
      if (target.kind === 'row') rowInterface.set(target.field, { text, column });
      else if (target.kind === 'interface') {
        const said: Said = named.get(target.name) ?? new Map();
        named.set(target.name, said.set(target.field, { text, column }));
      } else if (target.kind === 'node') this.#field(node, row, column, target.field, text);
      else this.#record(node, row, column, target.kind, target.key, text);
    }
    this.#interface(node, row, rowInterface, rowInterface.get('interface')?.text);
    for (const [name, said] of named) this.#interface(node, row, said, name);
  }

  /** The node that the row is about: by its name, else by its serial number. */
  #nodeOf(row: CsvRow): CsvNode {
    const [name, serial] = this.#keyColumns.map((column) => {
      const text = column === undefined ? '' : (row.cells[column.index] ?? '');
      return column === undefined || text === '' ? undefined : this.#accept(readTextCell(text), row, column);
    });
    const nameColumn = this.#keyColumns[0];
    const isUnreadable = name === undefined && nameColumn !== undefined && (row.cells[nameColumn.index] ?? '') !== '';
    const key =
      name !== undefined
        ? `name ${name.toLowerCase()}`
        : serial !== undefined && !isUnreadable
          ? `serial ${serial.toUpperCase()}`
          : `line ${row.line}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const node = new CsvNode({ line: row.line }, name, isUnreadable);
    this.#byKey.set(key, node);
    return node;
  }

  #field(node: CsvNode, row: CsvRow, column: Column, field: NodeField, text: string): void {
    if (field === 'name') {
      if (node.placeOf('name') === undefined) node.setPlace('name', { line: row.line, column: column.heading });
      return;
    }
    const cell = this.#accept(text === '' ? { value: '' } : readTextCell(text), row, column, field === 'serialNumber');
    if (cell === undefined) return;
    switch (field) {
      case 'roles':
        this.#say(
          node,
          row,
          column,
          'roles',
          cell.split(/[\s;,|]+/).filter((role) => role !== ''),
        );
        return;
      case 'install':
        this.#install(node, row, column, cell);
        return;
      case 'bmcDriver':
      case 'bmcHost':
      case 'bmcPort':
      case 'bmcCredentials':
      case 'bmcFingerprint':
      case 'bmcCommand':
      case 'bmcCipherSuite':
      case 'bmcWakeOnLan':
        this.#bmc(node, row, column, field, cell);
        return;
      case 'profile':
      case 'loader':
      case 'diskMethod':
        this.#boot(node, row, column, field, cell);
        return;
      default:
        this.#say(node, row, column, field, cell === '' ? null : cell);
    }
  }

  #install(node: CsvNode, row: CsvRow, column: Column, cell: string): void {
    const value = cell === '' ? null : recordOf(cell);
    if (value !== undefined) this.#say(node, row, column, 'install', value);
    else {
      const mend = 'Write it as {"disk": {"serial": "S1"}}, or leave the cell empty.';
      this.#refuse(row, column, `“${shown(cell)}” is no JSON object.`, mend);
    }
  }

  /** An empty cell says nothing: a table of two hundred nodes has a few without a BMC. */
  #bmc(node: CsvNode, row: CsvRow, column: Column, field: BmcColumn, cell: string): void {
    if (cell === '') return;
    const value = bmcCell(field, cell);
    if ('mend' in value) this.#refuse(row, column, `“${shown(cell)}” is no ${field}.`, value.mend);
    else this.#say(node, row, column, `bmc.${value.key}`, value.value);
  }

  #boot(node: CsvNode, row: CsvRow, column: Column, field: 'profile' | 'loader' | 'diskMethod', cell: string): void {
    const choices: readonly string[] = field === 'loader' ? LOADERS : field === 'diskMethod' ? DISK_METHODS : [];
    if (cell !== '' && choices.length > 0 && !choices.includes(cell)) {
      this.#refuse(row, column, `“${shown(cell)}” is no ${field}.`, `Use one of ${choices.join(', ')}.`);
    } else if (cell !== '') this.#say(node, row, column, `boot.${field}`, cell);
    else if (field === 'diskMethod') this.#say(node, row, column, 'boot.diskMethod', null);
  }

  #record(node: CsvNode, row: CsvRow, column: Column, kind: 'label' | 'option', key: string, text: string): void {
    const cell = this.#accept<string>(text === '' ? { value: '' } : readCell(text), row, column);
    if (cell === undefined) return;
    const value = text === '' ? null : kind === 'label' ? cell : optionOf(cell);
    this.#say(node, row, column, `${kind}s.${key}`, value);
  }

  /** Rows of one node agree, or say nothing. */
  #say(node: CsvNode, row: CsvRow, column: Column, path: string, value: unknown): void {
    const other = node.say(path, value, { line: row.line, column: column.heading });
    if (other === undefined) return;
    const at = node.placeOf(path);
    const message = `${node.name ?? 'The node'} has another ${path} in line ${at?.line}: ${shown(JSON.stringify(other))}.`;
    this.#refuse(row, column, message, 'Let the rows of one node agree, or leave the later cells empty.');
  }

  #interface(node: CsvNode, row: CsvRow, said: Said, given: string | undefined): void {
    const cells = [...said].filter(([field]) => field !== 'interface') as [InterfaceField, SaidCell][];
    const speaks = cells.some(([, { text }]) => text !== '');
    if (!speaks && (given === undefined || given === '' || !said.has('interface'))) return;
    const roleText = said.get('role')?.text.toLowerCase() as InterfaceRole | undefined;
    const made = given === undefined || given === '';
    const name = made ? node.freeName(INTERFACE_IS_NAMED_BY_ROLE[roleText ?? 'boot'] ?? 'boot') : given;
    const known = node.interfaces.find((each) => each.name === name);
    const [anyCell] = said.values();
    if (known !== undefined && anyCell !== undefined) {
      const at = node.placeOf(`interfaces.${name}`);
      const message = `${node.name ?? 'The node'} has the interface ${shown(name)} in line ${at?.line} too.`;
      this.#refuse(row, said.get('interface')?.column ?? anyCell.column, message, 'Give each interface one row.');
      return;
    }
    if (node.interfaces.length >= MAX_INTERFACES) {
      const message = `${node.name ?? 'The node'} has more than ${MAX_INTERFACES} interfaces.`;
      if (anyCell !== undefined) this.#refuse(row, anyCell.column, message, 'Look whether the rows are of one node.');
      return;
    }
    const read: Writable<ImportedInterface> = made ? { name, nameIsMadeUp: true } : { name };
    node.interfaces.push(read);
    node.setPlace(`interfaces.${name}`, { line: row.line, ...(anyCell && { column: anyCell.column.heading }) });
    const heading = said.get('interface')?.column.heading;
    if (heading !== undefined) node.setPlace(`interfaces.${name}.name`, { line: row.line, column: heading });
    for (const [field, cell] of cells) this.#interfaceField(node, row, read, field, cell);
  }

  #interfaceField(
    node: CsvNode,
    row: CsvRow,
    read: Writable<ImportedInterface>,
    field: InterfaceField,
    { text, column }: SaidCell,
  ): void {
    node.setPlace(`interfaces.${read.name}.${field}`, { line: row.line, column: column.heading });
    if (field === 'role') {
      const role = INTERFACE_ROLES.find((each) => each === text.toLowerCase());
      if (role !== undefined) read.role = role;
      else if (text !== '') {
        this.#refuse(
          row,
          column,
          `“${shown(text)}” is no role of an interface.`,
          `Use one of ${INTERFACE_ROLES.join(', ')}.`,
        );
      }
    } else if (text === '') read[field] = null;
    else {
      const value = this.#accept(field === 'mac' ? readMacCell(text) : readCell(text), row, column);
      if (value === undefined) read.unreadable = true;
      else read[field] = value;
    }
  }

  #accept<T>(reading: CellReading<T>, row: CsvRow, column: Column, isTold = false): T | undefined {
    if ('value' in reading) return reading.value;
    const { message, mend } = reading.refusal;
    if (!isTold) this.#refuse(row, column, message, mend);
    return undefined;
  }

  #refuse(row: CsvRow, { heading }: Column, message: string, mend: string | undefined): void {
    this.#problems.push({ path: '', message, ...(mend && { mend }), line: row.line, column: heading });
  }
}

interface SaidCell {
  readonly text: string;
  readonly column: Column;
}
type Said = Map<'interface' | InterfaceField, SaidCell>;
