import Type, { type TUnsafe } from 'typebox';
import { installSchema } from '../profiles/values/install-values.ts';
import { nameNotation } from './notations.ts';
import { named, section } from './schema-leaves.ts';

/** Kept for code that walks the schema: `install-section.ts` reads these keys. */
export const INSTALL_SET = 'what installers are told';

/** The values are left to profiles/, which checks those of nodes too; their form is only published. */
export function installValues(description: string): TUnsafe<Record<string, unknown>> {
  return Type.Unsafe<Record<string, unknown>>({ type: 'object', title: INSTALL_SET, description });
}

/** What stands in the published schema in place of every set of values. */
export function installSetDefinition(): Record<string, unknown> {
  return JSON.parse(JSON.stringify(installSchema));
}

export const rolesSchema = named(
  nameNotation,
  'A role of nodes, for example gpu.',
  section(
    {
      values: Type.Optional(
        installValues('What installers of nodes of the role are told, for example { packages: [nvme-cli] }.'),
      ),
    },
    'One role of nodes, for example { values: { packages: [nvme-cli] } }.',
  ),
  'What holds for nodes of a role, for example { gpu: { values: { packages: [nvme-cli] } } }.',
);
