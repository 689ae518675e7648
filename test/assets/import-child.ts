import { importAsset } from '../../src/assets/import-asset.ts';

// argv: assetsDir path name. Says how far it is, so that a test can kill it there.
const [, , assetsDir = '', path = '', name = ''] = process.argv;
const result = await importAsset({
  assetsDir,
  path,
  name,
  replace: true,
  onProgress: ({ doneBytes }) => void process.stdout.write(`${doneBytes}\n`),
});
process.stdout.write(`${result.outcome}\n`);
