import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { AssetDirectory } from '../../domain/asset.ts';
import { NotFound } from '../../domain/errors.ts';
import { assetView } from '../asset-view.ts';
import { AssetListView, AssetView } from '../schemas/asset.ts';
import { PageQuery, pageLimit } from '../schemas/page.ts';

const tags = ['assets'];
const AssetParams = Type.Object({ asset: Type.String({ description: 'Its name.' }) });

/** Imported media, by name. They are imported and removed on the daemon's machine, by `podboot assets`. */
export function assetRoutes(assets: AssetDirectory): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/assets',
      {
        schema: {
          tags,
          summary: 'The imported media, with what is wrong with each and what needs it',
          querystring: PageQuery,
          response: { 200: AssetListView },
        },
      },
      async (request) => {
        const { after = '' } = request.query;
        const rest = assets.list().filter(({ name }) => name > after);
        const page = rest.slice(0, pageLimit(request.query));
        const last = page.at(-1);
        const more = last !== undefined && page.length < rest.length;
        return { folder: assets.folder, items: page.map(assetView), ...(more ? { next: last.name } : {}) };
      },
    );

    app.get(
      '/assets/:asset',
      { schema: { tags, summary: 'One imported medium', params: AssetParams, response: { 200: AssetView } } },
      async (request) => {
        const found = assets.list().find(({ name }) => name === request.params.asset);
        if (found !== undefined) return assetView(found);
        throw new NotFound(`There is no asset ${request.params.asset}.`, 'GET /api/v1/assets lists them.');
      },
    );
  };
}
