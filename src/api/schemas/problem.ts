import Type, { type Static } from 'typebox';

/** RFC 9457, with `code` for programs, `mend` for people, and every problem of an input at once. */
export const ProblemView = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.String(),
    mend: Type.Optional(Type.String()),
    problems: Type.Optional(
      Type.Array(
        Type.Object({
          path: Type.String(),
          message: Type.String(),
          mend: Type.Optional(Type.String()),
          line: Type.Optional(Type.Integer()),
          column: Type.Optional(Type.String()),
        }),
      ),
    ),
  },
  { title: 'Problem' },
);
export type ProblemView = Static<typeof ProblemView>;

/** What a reload came across that does not hinder it. */
export const ReloadView = Type.Object({ warnings: ProblemView.properties.problems });
