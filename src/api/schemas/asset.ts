import Type, { type Static } from 'typebox';

export const AssetView = Type.Object({
  name: Type.String(),
  kind: Type.Optional(Type.String({ description: 'debian-installer, ubuntu-live-server, dgx-os, rocky or other.' })),
  release: Type.Optional(Type.String({ description: 'Empty where the medium does not say.' })),
  architecture: Type.Optional(Type.String({ description: 'amd64 or arm64.' })),
  title: Type.Optional(Type.String({ description: 'What the medium calls itself.' })),
  files: Type.Optional(Type.Integer()),
  sizeBytes: Type.Optional(Type.Integer()),
  source: Type.Optional(Type.String({ description: 'Where it was imported from.' })),
  importedAt: Type.Optional(Type.String()),
  notes: Type.Array(Type.String()),
  state: Type.Unsafe<'ready' | 'damaged'>({
    type: 'string',
    enum: ['ready', 'damaged'],
    description: 'By a look at the size and time of the files that machines load; their checksums are not read.',
  }),
  troubles: Type.Array(Type.Object({ message: Type.String(), mend: Type.String() })),
  usedBy: Type.Object({
    profiles: Type.Array(Type.String()),
    settings: Type.Array(Type.String()),
    nodes: Type.Array(Type.String({ description: 'Names of nodes that boot one of the profiles.' })),
  }),
});
export type AssetView = Static<typeof AssetView>;

export const AssetListView = Type.Object({
  folder: Type.String({ description: "assetsDir, on the daemon's machine." }),
  items: Type.Array(AssetView),
  next: Type.Optional(Type.String()),
});
export type AssetListView = Static<typeof AssetListView>;
