import Type, { type Static, type TSchema } from 'typebox';
import type { ExplainedFirmware } from '../../domain/explanation.ts';

const FIRMWARES: readonly ExplainedFirmware[] = ['uefi-x64', 'uefi-arm64', 'bios', 'http', 'secure', 'ipxe'];

const question = {
  firmware: Type.Optional(
    Type.Unsafe<ExplainedFirmware>({
      type: 'string',
      enum: [...FIRMWARES],
      description:
        'What the machine is: uefi-x64, uefi-arm64 and bios boot by PXE; http is UEFI HTTP boot; secure has Secure Boot ' +
        'on; ipxe is iPXE in the network card. Unless told: what it last said of itself, else uefi-x64.',
    }),
  ),
  interface: Type.Optional(
    Type.String({ maxLength: 64, description: 'Where it asks; unless told, where its address belongs.' }),
  ),
  relay: Type.Optional(Type.String({ maxLength: 15, description: 'giaddr of the relay through which it asks.' })),
};

/** GET /nodes/{node}/explain. */
export const ExplainQuery = Type.Object(question, { additionalProperties: false });
export type ExplainQuery = Static<typeof ExplainQuery>;

/** GET /explain: also for a machine that is not enrolled. */
export const ExplainMachineQuery = Type.Object(
  {
    machine: Type.String({ minLength: 1, maxLength: 64, description: 'A MAC address, or a node’s name or id.' }),
    ...question,
  },
  { additionalProperties: false },
);

const path = Type.Unsafe<readonly (string | number)[]>({ type: 'array', items: { type: ['string', 'number'] } });
const origin = Type.Union([
  Type.Object({
    in: Type.Literal('configuration'),
    path,
    file: Type.Optional(Type.String()),
    line: Type.Optional(Type.Integer({ description: 'As the file is now.' })),
  }),
  Type.Object({ in: Type.Literal('node'), node: Type.String(), field: Type.String() }),
  Type.Object({ in: Type.Literal('leases') }),
  Type.Object({ in: Type.Literal('file'), file: Type.String() }),
  Type.Object({ in: Type.Literal('rule'), rule: Type.String() }),
]);

const list = <T extends TSchema>(item: T) => Type.Unsafe<readonly Static<T>[]>({ type: 'array', items: item });

const because = Type.Object({ text: Type.String(), origin: Type.Optional(origin) });

const option = Type.Object({
  code: Type.Integer(),
  name: Type.String(),
  value: Type.String(),
  hex: Type.String(),
  origin,
});

const step = Type.Object({
  title: Type.String(),
  request: Type.Optional(Type.String({ description: 'The packet that the machine would send, in hexadecimal.' })),
  outcome: Type.Unsafe<'answered' | 'refused' | 'silent' | 'missing'>({
    type: 'string',
    enum: ['answered', 'refused', 'silent', 'missing'],
  }),
  because: list(because),
  dhcp: Type.Optional(
    Type.Object({
      bytes: Type.String({ description: 'The answer, in hexadecimal.' }),
      destination: Type.String(),
      fields: Type.Object({
        yiaddr: Type.String(),
        siaddr: Type.String(),
        giaddr: Type.String(),
        file: Type.String(),
      }),
      options: list(option),
    }),
  ),
  file: Type.Optional(
    Type.Object({
      name: Type.String({ description: 'As the machine asks for it: a TFTP name or a URL.' }),
      path: Type.Optional(Type.String()),
      sizeBytes: Type.Optional(Type.Integer()),
      text: Type.Optional(Type.String({ description: 'Of a rendered one.' })),
    }),
  ),
});

/** What a machine would get if it asked now, step by step until its kernel or its disk. */
export const ExplanationView = Type.Object({
  firmware: Type.String(),
  machine: Type.Object({ mac: Type.String(), node: Type.Optional(Type.String()), uuid: Type.Optional(Type.String()) }),
  interfaceName: Type.String(),
  relay: Type.Optional(Type.String()),
  steps: list(step),
  summary: Type.String(),
});
