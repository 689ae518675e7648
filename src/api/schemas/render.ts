import Type, { type Static } from 'typebox';

/** GET /nodes/{node}/render. */
export const RenderQuery = Type.Object(
  {
    profile: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'A profile of podboot.yaml; unless told, the node’s own.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** What the node would boot and be told. Secrets and the grant’s token are masked. */
export const RenderView = Type.Object(
  {
    node: Type.String(),
    profile: Type.String(),
    kind: Type.String(),
    kernel: Type.Optional(Type.String({ description: 'Below assetsDir.' })),
    initrds: Type.Optional(Type.Unsafe<readonly string[]>({ type: 'array', items: { type: 'string' } })),
    arguments: Type.Optional(Type.String({ description: 'Kernel command line.' })),
    script: Type.Optional(Type.String({ description: 'iPXE commands of a profile of kind script.' })),
    files: Type.Array(
      Type.Object({
        name: Type.String({ description: 'Last part of its URL: preseed.cfg, user-data, ks.cfg.' }),
        contentType: Type.String(),
        text: Type.String(),
      }),
    ),
  },
  { title: 'Rendered' },
);
export type RenderView = Static<typeof RenderView>;
