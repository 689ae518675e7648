/** What the cells of a column say. */
export type ColumnTarget =
  | { readonly kind: 'node'; readonly field: NodeField }
  | { readonly kind: 'label' | 'option'; readonly key: string }
  /** Of the interface that the row is about. */
  | { readonly kind: 'row'; readonly field: 'interface' | InterfaceField }
  /** Of an interface that the heading names: several of them stand in one row. */
  | { readonly kind: 'interface'; readonly name: string; readonly field: InterfaceField };

export const NODE_FIELDS = [
  'name',
  'serialNumber',
  'uuid',
  'rack',
  'position',
  'roles',
  'group',
  'profile',
  'loader',
  'diskMethod',
  'install',
  'bmcDriver',
  'bmcHost',
  'bmcPort',
  'bmcCredentials',
  'bmcFingerprint',
  'bmcCommand',
  'bmcCipherSuite',
  'bmcWakeOnLan',
] as const;
export type NodeField = (typeof NODE_FIELDS)[number];

export const INTERFACE_FIELDS = ['role', 'mac', 'address', 'clientId', 'circuitId', 'remoteId'] as const;
export type InterfaceField = (typeof INTERFACE_FIELDS)[number];

export const KNOWN_COLUMNS = [
  ...NODE_FIELDS,
  'interface',
  ...INTERFACE_FIELDS,
  'interfaces.NAME.mac (or .role, .address, .clientId, .circuitId, .remoteId)',
  'label.KEY',
  'option.NAME',
].join(', ');

const MAX_NAME_LENGTH = 64;

/** `Serial Number`, `serial_number` and `serialNumber` are one name. */
export function folded(heading: string): string {
  return heading.toLowerCase().replaceAll(/[\s_]/g, '');
}

const NODE_BY_NAME = new Map(NODE_FIELDS.map((field) => [folded(field), field]));
const ROW_BY_NAME = new Map((['interface', ...INTERFACE_FIELDS] as const).map((field) => [folded(field), field]));
const INTERFACE_BY_NAME = new Map(INTERFACE_FIELDS.map((field) => [folded(field), field]));

/** One of our column names, as a heading has it or a map names it; undefined for any other. */
export function columnTarget(heading: string): ColumnTarget | undefined {
  const text = heading.trim();
  const node = NODE_BY_NAME.get(folded(text));
  if (node !== undefined) return { kind: 'node', field: node };
  const row = ROW_BY_NAME.get(folded(text));
  if (row !== undefined) return { kind: 'row', field: row };
  const [, record, key] = /^(label|option)s?\.(.+)$/i.exec(text) ?? [];
  if (record !== undefined && key !== undefined && key.length <= MAX_NAME_LENGTH) {
    return { kind: record.toLowerCase() as 'label' | 'option', key };
  }
  const [, name, part] = /^interfaces\.(.+)\.([A-Za-z_ ]+)$/i.exec(text) ?? [];
  const field = INTERFACE_BY_NAME.get(folded(part ?? ''));
  if (name === undefined || name.length > MAX_NAME_LENGTH || field === undefined) return undefined;
  return { kind: 'interface', name, field };
}

/** A name for what two columns must not both say. */
export function targetName(target: ColumnTarget): string {
  switch (target.kind) {
    case 'node':
    case 'row':
      return target.field;
    case 'interface':
      return `interfaces.${target.name}.${target.field}`;
    default:
      return `${target.kind}s.${target.key}`;
  }
}
