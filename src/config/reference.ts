import { optionDefinitions } from '../codecs/dhcp/option-table.ts';
import { publishedSchema } from './published-schema.ts';
import { installSetDefinition } from './schema-install.ts';
import type { SchemaNode } from './schema-walk.ts';

/** Names that stand for what the operator calls their own things. */
const OWN_NAMES: Readonly<Record<string, string>> = {
  interfaces: '<interface>',
  subnets: '<subnet>',
  groups: '<group>',
  profiles: '<profile>',
  roles: '<role>',
  programs: '<firmware>',
  diskMethods: '<firmware>',
};

const OPENING = `# podboot.yaml, key by key

Made from the schema by \`npm run docs\`. Editors that read JSON Schema take \`podboot.schema.json\` beside this file.
\`podboot init --interface NAME\` writes a file to start from; \`podboot check-config FILE\` says everything that is wrong with one.
Unknown keys are refused. Times are \`90s\`, \`15m\`, \`12h\`, \`7d\`, or plain seconds.

| key | meaning | default |
|---|---|---|
`;

/** docs/configuration.md: each key with its description and default, then every DHCP option by name. */
export function configurationReference(): string {
  const schema = publishedSchema() as SchemaNode;
  const rows: string[] = [];
  walk(schema, '', (path, node, required) => rows.push(row(path, node, required)));
  return `${OPENING}${rows.join('\n')}\n\n${installReference()}${optionReference()}`;
}

type Visit = (path: string, node: SchemaNode, required: boolean) => void;

function walk(node: SchemaNode, path: string, visit: Visit): void {
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    const here = path === '' ? key : `${path}.${key}`;
    visit(here, child, node.required?.includes(key) ?? false);
    if (child.items !== undefined) walk(child.items, `${here}[]`, visit);
    const own = typeof child.additionalProperties === 'object' ? child.additionalProperties : undefined;
    if (own !== undefined) walk(own, `${here}.${OWN_NAMES[key] ?? '<name>'}`, visit);
    walk(child, here, visit);
  }
}

function row(path: string, node: SchemaNode & { readonly default?: unknown }, required: boolean): string {
  const fallback = required ? '**required**' : node.default === undefined ? '' : `\`${JSON.stringify(node.default)}\``;
  return `| \`${path}\` | ${meaning(node)} | ${fallback} |`;
}

function meaning(node: SchemaNode): string {
  const words = node.enum === undefined ? '' : ` One of ${node.enum.map((word) => `\`${word}\``).join(', ')}.`;
  return cell(`${node.description ?? ''}${words}`);
}

function installReference(): string {
  const rows: string[] = [];
  walk(installSetDefinition() as SchemaNode, '', (path, node) => rows.push(`| \`${path}\` | ${meaning(node)} |`));
  return `## What installers are told

What may stand under \`values\` of \`install\`, of a role and of a profile, and under \`install\` of a node; docs/profiles.md says
how they are put together.

| key | meaning |
|---|---|
${rows.join('\n')}

`;
}

function optionReference(): string {
  const rows = optionDefinitions.map(({ code, name, type }) => `| \`${name}\` | ${code} | ${type} |`);
  return `## DHCP options

What may stand under \`options\`, besides the names under \`dhcp.customOptions\`. Options that the server itself answers
are refused with the reason.

| name | code | value |
|---|---|---|
${rows.join('\n')}
`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
