import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { SqliteFile, type SqliteFileOptions } from './sqlite-file.ts';
import { toFault } from './store-errors.ts';
import { OPENED, type StoreReply, type StoreRequest, type StoreValue } from './worker-protocol.ts';

const PIECE_ROWS = 2_000;

function serve(port: MessagePort, options: SqliteFileOptions): void {
  const reply = (message: StoreReply) => port.postMessage(message);
  const attempt = (id: number, action: () => StoreValue): boolean => {
    try {
      const value = action();
      reply(value === undefined ? [id, 'done'] : [id, 'done', value]);
      return true;
    } catch (error) {
      const fault = toFault(error);
      reply([id, 'failed', fault.code, fault.message]);
      return false;
    }
  };

  let file: SqliteFile | undefined;
  attempt(OPENED, () => {
    file = new SqliteFile(options);
    return undefined;
  });
  if (file === undefined) return;
  const store = file;

  port.on('message', (request: StoreRequest) => {
    const [id, kind] = request;
    attempt(id, () => {
      switch (kind) {
        case 'commit':
          store.commit(request[2]);
          return undefined;
        case 'commit-with-events':
          return store.commitWithEvents(request[2], request[3]);
        case 'load':
          for (const rows of store.leases(PIECE_ROWS)) reply([id, 'leases', rows]);
          for (const rows of store.nodes(PIECE_ROWS)) reply([id, 'nodes', rows]);
          for (const rows of store.documents(PIECE_ROWS)) reply([id, 'documents', rows]);
          reply([id, 'settings', store.settings()]);
          return undefined;
        case 'setting':
          return store.setting(request[2]);
        case 'document':
          return store.document(request[2], request[3]);
        case 'append':
          return store.events.append(request[2]);
        case 'events':
          return store.events.read(request[2]);
        case 'sequence-before':
          return store.events.sequenceBefore(request[2]);
        case 'close':
          store.close();
          return undefined;
      }
    });
    // Its answer is on the way; the thread ends once nothing listens any more.
    if (kind === 'close') port.close();
  });
}

if (parentPort !== null) serve(parentPort, workerData as SqliteFileOptions);
