import Type from 'typebox';

/** Of a change: RFC 9110 section 13.1.1. */
export const IfMatchHeaders = Type.Object({
  'if-match': Type.Optional(
    Type.String({ description: 'The ETag of the version that the change was made for; * for whatever there is.' }),
  ),
});

/** Of a read: RFC 9110 section 13.1.2. */
export const IfNoneMatchHeaders = Type.Object({
  'if-none-match': Type.Optional(Type.String({ description: 'The ETag that is known already: 304 while it holds.' })),
});
