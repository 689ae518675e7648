import type { ConfigPath } from './config-path.ts';
import { podbootSchema } from './schema.ts';

/** What of JSON Schema podbootSchema uses, as data. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly examples?: readonly unknown[];
}

/** podboot.yaml's schema, without what TypeBox keeps in it for types. */
export const rootNode: SchemaNode = JSON.parse(JSON.stringify(podbootSchema));

/** The schema of the value at a path; undefined below keys that it does not know. */
export function schemaAt(root: SchemaNode, path: ConfigPath): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const segment of path) {
    if (node === undefined) return undefined;
    node = typeof segment === 'number' ? node.items : childOf(node, segment);
  }
  return node;
}

function childOf(node: SchemaNode, key: string): SchemaNode | undefined {
  if (node.properties !== undefined && Object.hasOwn(node.properties, key)) return node.properties[key];
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
}

/** How people call the objects that have names of the operator's own, or none. */
const PLACE_NAMES: Readonly<Record<string, string>> = {
  interfaces: 'an interface',
  subnets: 'a subnet',
  groups: 'a group',
  reservations: 'a reservation',
  profiles: 'a profile',
  roles: 'a role',
  customOptions: 'a custom option',
};

/** Where each key of the configuration may stand: `leaseTime` → "a subnet", "`dhcp`". */
export function placesOfKeys(root: SchemaNode): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, string[]>();
  const walk = (node: SchemaNode, place: string): void => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      places.set(key, [...(places.get(key) ?? []), place]);
      const elements =
        child.items ?? (typeof child.additionalProperties === 'object' ? child.additionalProperties : undefined);
      if (elements !== undefined) walk(elements, `in ${PLACE_NAMES[key] ?? `\`${key}\``}`);
      else walk(child, `under \`${place.startsWith('under') ? `${place.slice(7, -1)}.` : ''}${key}\``);
    }
  };
  walk(root, 'at the top');
  return places;
}
