// The child's end of its private channel: file descriptor 3, a socket pair whose other end the worker holds.
import { Socket, connect } from 'node:net';

import { encodeFrame, FrameReader, type Frame, type FrameKind } from './frames.js';

const channelDescriptor = 3;

/** Longest body that a child takes, in bytes: step events come from the worker, which is trusted. */
const bodyBytesMax = 1_073_741_824;

function openSocket(): Socket {
  // Bun opens an inherited descriptor by `connect` alone, which Node does not have.
  return 'Bun' in globalThis
    ? connect({ fd: channelDescriptor } as unknown as { path: string })
    : new Socket({ fd: channelDescriptor, readable: true, writable: true });
}

export class ChildChannel {
  private readonly socket: Socket;

  /**
   * @param onFrame called with each frame
   * @param onEnd called once, when the worker is gone or what it sends can not be read
   */
  constructor(onFrame: (frame: Frame) => void, onEnd: (reason: string) => void) {
    const reader = new FrameReader(bodyBytesMax, onFrame);
    this.socket = openSocket();
    this.socket.on('data', (piece: Buffer) => {
      try {
        reader.push(piece);
      } catch (error) {
        onEnd(String(error));
      }
    });
    this.socket.on('error', (error) => {
      onEnd(error.message);
    });
    this.socket.on('close', () => {
      onEnd('the channel was closed');
    });
    this.socket.on('end', () => {
      onEnd('the worker is gone');
    });
  }

  /** @param onSent called when the frame has left this process */
  send(kind: FrameKind, step: number, body?: string, onSent?: () => void): void {
    this.socket.write(encodeFrame(kind, step, body), onSent);
  }
}
