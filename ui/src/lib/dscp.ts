// SPDX-License-Identifier: Apache-2.0
// Marks in the IP header in words (RFC 2474, 2597, 3246, 5865, 8622; RFC 3168).
const kNames: Record<number, string> = { 0: 'default', 1: 'LE', 44: 'VA', 46: 'EF' };
for (let i = 1; i < 8; i++) kNames[i * 8] = `CS${i}`;
for (let i = 1; i < 5; i++) for (let k = 1; k < 4; k++) kNames[i * 8 + k * 2] = `AF${i}${k}`;
const kEcn = ['not ECN-capable', 'ECT(1)', 'ECT(0)', 'congestion experienced'];

export function dscpText(dscp: number): string {
  return kNames[dscp] ? `${dscp} (${kNames[dscp]})` : String(dscp);
}
export function ecnText(ecn: number): string {
  return kEcn[ecn] ? `${ecn} (${kEcn[ecn]})` : String(ecn);
}
// The octet of both.
export function trafficClass(octet: number): string {
  return `DSCP ${dscpText(octet >> 2)}, ECN ${ecnText(octet & 3)}`;
}
