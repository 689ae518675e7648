import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { HostRefused } from '../../src/domain/errors.ts';
import { createHostStreams } from '../../src/net/host-streams.ts';

const AT = { what: 'DNS', interfaceName: 'lo', address: '127.0.0.1', port: 0 };

test('a stream carries bytes both ways, and who has said all is still answered', async () => {
  const streams = createHostStreams();
  const listener = await streams.listen(AT, (stream, from) => {
    assert.equal(from.address, '127.0.0.1');
    let heard = '';
    stream.setEncoding('latin1').on('data', (text: string) => {
      heard += text;
    });
    stream.on('end', () => stream.end(`${heard} back`));
  });
  const stream = streams.connect(listener.local);
  stream.end('there and');
  const [answer] = await once(stream.setEncoding('latin1'), 'data');
  assert.equal(answer, 'there and back');
  await once(stream, 'close');
  listener.close();
});

test('a port that is taken, and an address that is not ours, are told with their mend', async () => {
  const streams = createHostStreams();
  const listener = await streams.listen(AT, () => undefined);
  await assert.rejects(
    streams.listen({ ...AT, port: listener.local.port }, () => undefined),
    (error) => {
      assert.ok(error instanceof HostRefused);
      assert.match(error.message, /TCP port \d+ of 127\.0\.0\.1 for DNS is in use/);
      assert.match(error.mend ?? '', /ss -ltnp/);
      return true;
    },
  );
  listener.close();
  await assert.rejects(
    streams.listen({ ...AT, address: '192.0.2.1' }, () => undefined),
    /192\.0\.2\.1 is not on interface lo/,
  );
});

test('nobody there: the stream ends with an error, and nothing is thrown', async () => {
  const streams = createHostStreams();
  const listener = await streams.listen(AT, () => undefined);
  listener.close();
  const stream = streams.connect(listener.local);
  stream.write('hello');
  const [error] = (await once(stream, 'error').catch((cause: unknown) => [cause])) as [Error];
  assert.match(error.message, /ECONNREFUSED/);
});
