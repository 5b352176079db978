import { connect } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const ANSWER_MS_MAX = 30_000;

const lengthOf = (head) => {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (length !== null) return Number(length[1]);
  if (/\r\ntransfer-encoding:/i.test(head)) throw new Error('the answer is chunked, which this client does not read');
  return 0;
};

/** Status and body of the first answer in the bytes; undefined while it is not whole. */
export const readAnswer = (bytes) => {
  const end = bytes.indexOf(HEAD_END);
  if (end === -1) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const from = end + HEAD_END.length;
  const to = from + lengthOf(head);
  if (bytes.length < to) return undefined;
  const isClosing = /\r\nconnection: *close/i.test(head);
  return { status: Number(head.slice(9, 12)), body: bytes.subarray(from, to), rest: bytes.subarray(to), isClosing };
};

/**
 * One keep-alive HTTP/1.1 connection with one request in flight. An answer that does not come is status 0: what became
 * of the request is unknown, and the next one gets a new socket.
 */
export class Connection {
  constructor({ host, port }) {
    this.address = { host, port };
    this.bytes = Buffer.alloc(0);
    this.settle = undefined;
    this.socket = undefined;
  }

  /** Sends bytes that are a whole request; resolves to `{status, body}`. */
  send(request) {
    return new Promise((resolve) => {
      this.settle = resolve;
      this.timer = setTimeout(() => this.drop(), ANSWER_MS_MAX);
      this.open().write(request);
    });
  }

  close() {
    this.socket?.destroy();
  }

  open() {
    if (this.socket !== undefined) return this.socket;
    const socket = connect({ ...this.address, noDelay: true });
    socket.on('data', (chunk) => this.take(chunk));
    socket.on('error', () => this.drop(socket));
    socket.on('close', () => this.drop(socket));
    this.socket = socket;
    return socket;
  }

  take(chunk) {
    this.bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk]);
    const answer = readAnswer(this.bytes);
    if (answer === undefined) return;
    this.bytes = answer.rest;
    if (answer.isClosing) this.forget();
    this.finish({ status: answer.status, body: answer.body });
  }

  drop(socket = this.socket) {
    if (socket !== this.socket) return;
    this.forget();
    this.finish({ status: 0, body: Buffer.alloc(0) });
  }

  forget() {
    this.socket?.destroy();
    this.socket = undefined;
    this.bytes = Buffer.alloc(0);
  }

  finish(answer) {
    const { settle } = this;
    this.settle = undefined;
    clearTimeout(this.timer);
    settle?.(answer);
  }
}
