import Type from 'typebox';

/** What went wrong with a node, beside its state. */
export const FaultView = Type.Object({
  code: Type.String({ description: 'Stable, for programs: no-discover.' }),
  text: Type.String(),
  mend: Type.Optional(Type.String()),
  at: Type.String(),
});
