// SPDX-License-Identifier: Apache-2.0
// Mouse, touch and wheel over the plots, as what they mean: place a cursor, select, move, zoom, click.
export interface Hands {
  cursor(x: number | undefined, y: number): void;
  selecting(from: number, to: number, done: boolean): void; // pixels
  pan(pixels: number): void;
  zoom(factor: number, x: number): void;
  click(x: number, y: number): void;
  reset(): void;
  touchSelects(): boolean;
}

const kClick = 4; // pixels that a click may move

export function gestures(element: HTMLElement, hands: Hands): () => void {
  const touches = new Map<number, { x: number; y: number }>();
  let drag: { id: number; kind: 'select' | 'pan'; x: number; y: number; last: number; moved: boolean } | undefined;
  let pinch = 0; // distance of two fingers
  const place = (event: MouseEvent) => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const fingers = () => {
    const [a, b] = [...touches.values()];
    return a && b ? { apart: Math.max(20, Math.abs(a.x - b.x)), middle: (a.x + b.x) / 2 } : undefined;
  };
  const down = (event: PointerEvent) => {
    if (event.button !== 0 || (event.target as HTMLElement).closest('button, a')) return;
    const { x, y } = place(event);
    element.setPointerCapture(event.pointerId);
    if (event.pointerType === 'touch') {
      touches.set(event.pointerId, { x, y });
      pinch = fingers()?.apart ?? 0;
    }
    const kind = event.pointerType === 'touch' && !hands.touchSelects() ? 'pan' : event.shiftKey ? 'pan' : 'select';
    drag = touches.size > 1 ? undefined : { id: event.pointerId, kind, x, y, last: x, moved: false };
  };
  const move = (event: PointerEvent) => {
    const { x, y } = place(event);
    if (touches.has(event.pointerId)) {
      touches.set(event.pointerId, { x, y });
      const two = fingers();
      if (two && pinch) {
        hands.zoom(pinch / two.apart, two.middle);
        pinch = two.apart;
        return;
      }
    }
    if (drag?.id === event.pointerId) {
      if (Math.abs(x - drag.x) > kClick) drag.moved = true;
      if (drag.moved && drag.kind === 'pan') hands.pan(x - drag.last);
      else if (drag.moved) hands.selecting(drag.x, x, false);
      drag.last = x;
    }
    hands.cursor(x, y);
  };
  const up = (event: PointerEvent) => {
    const { x, y } = place(event);
    touches.delete(event.pointerId);
    pinch = 0;
    if (drag?.id !== event.pointerId) return;
    const was = drag;
    drag = undefined;
    if (event.type === 'pointercancel') return;
    if (!was.moved) {
      hands.cursor(x, y);
      hands.click(x, y);
    } else if (was.kind === 'select') hands.selecting(was.x, x, true);
  };
  const leave = (event: PointerEvent) => {
    if (event.pointerType === 'mouse' && !drag) hands.cursor(undefined, 0);
  };
  const wheel = (event: WheelEvent) => {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) hands.pan(-(event.deltaX || event.deltaY) * unit);
    else hands.zoom(Math.exp(Math.max(-1, Math.min(1, (event.deltaY * unit) / 300))), place(event).x);
  };
  const twice = (event: MouseEvent) => {
    if (!(event.target as HTMLElement).closest('button, a')) hands.reset();
  };
  element.addEventListener('pointerdown', down);
  element.addEventListener('pointermove', move);
  element.addEventListener('pointerup', up);
  element.addEventListener('pointercancel', up);
  element.addEventListener('pointerleave', leave);
  element.addEventListener('wheel', wheel, { passive: false });
  element.addEventListener('dblclick', twice);
  return () => {
    element.removeEventListener('pointerdown', down);
    element.removeEventListener('pointermove', move);
    element.removeEventListener('pointerup', up);
    element.removeEventListener('pointercancel', up);
    element.removeEventListener('pointerleave', leave);
    element.removeEventListener('wheel', wheel);
    element.removeEventListener('dblclick', twice);
  };
}
