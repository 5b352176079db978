import type { Socket } from 'node:net';
import { uuidV7 } from '../request/request-id.js';
import { PROBLEM_MEDIA_TYPE } from './send-problem.js';
import { toProblem } from './problem.js';

const DETAILS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'The header fields are too large.',
  ERR_HTTP_REQUEST_TIMEOUT: 'The request did not arrive in time.',
};
const OTHERWISE = 'The bytes are not an HTTP/1.1 request.';

/** Answers what the HTTP parser refused, before any request object exists; then the connection is closed. */
export const answerClientError = (error: Error & { readonly code?: string }, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy(); // Nobody listens, or part of an answer has left and more bytes would be taken for its rest.
    return;
  }
  const requestId = uuidV7(Date.now());
  const problem = toProblem('malformed_json', { detail: DETAILS[error.code ?? ''] ?? OTHERWISE });
  const body = JSON.stringify({ ...problem, instance: '/', request_id: requestId });
  socket.end(
    [
      'HTTP/1.1 400 Bad Request',
      `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body).toString()}`,
      `X-Request-Id: ${requestId}`,
      'Cache-Control: no-store',
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
};
