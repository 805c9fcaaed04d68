// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// How the evidence page looks: on a screen, on a telephone (one column, tables that are lists of
// facts one below the other), on paper (small, nothing broken within).
namespace wirestamp::publish {

inline constexpr std::string_view kEvidenceStyle = R"(
:root { color-scheme: light dark; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.2rem 1rem 3rem; max-width: 60rem; background: #fff; color: #1c2430;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; padding-bottom: .2rem; border-bottom: 1px solid #d5dae1; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
p { margin: .4rem 0 .6rem; max-width: 46rem; overflow-wrap: anywhere; }
.sub { color: #556070; max-width: none; }
.verdict { margin: 1rem 0; padding: .8rem 1rem; border-left: 4px solid #b3261e; background: #faf4f3; }
.verdict.warning { border-color: #b26a00; background: #fbf7ef; }
.verdict.info { border-color: #2f6fb0; background: #f2f6fb; }
.verdict p { margin: .3rem 0; }
.verdict .what { font-weight: 600; font-size: 1.05rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; margin: .4rem 0 .8rem; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .28rem .9rem .28rem 0; border-bottom: 1px solid #e6e9ee; }
th { font-weight: 600; color: #3b4656; }
td { overflow-wrap: break-word; min-width: 4.5rem; }
.times td:first-child { white-space: nowrap; }
figure { margin: .8rem 0; }
figure svg { max-width: 100%; height: auto; display: block; }
figcaption { color: #556070; font-size: .9rem; margin-bottom: .2rem; }
ul { padding-left: 1.2rem; max-width: 46rem; }
li { margin: .2rem 0; }
dl { max-width: 46rem; }
dt { font-weight: 600; margin-top: .5rem; }
dd { margin: 0 0 0 1.2rem; }
@media (max-width: 36rem) { td { min-width: 6.5rem; }
  figure { overflow-x: auto; } figure svg { max-width: none; width: 44rem; }
  body { padding: .8rem .7rem 2rem; } h1 { font-size: 1.25rem; }
  .plain tr { display: block; border-bottom: 1px solid #e6e9ee; padding: .25rem 0; }
  .plain th, .plain td { display: block; border: 0; padding: 0; overflow-wrap: anywhere; } }
@media screen and (prefers-color-scheme: dark) {
  body { background: #14181f; color: #dfe4ea; }
  h2 { border-color: #333b47; } th { color: #b6c0cc; } th, td { border-color: #2a313b; }
  .sub, figcaption { color: #98a3b1; }
  .verdict { background: #251a1a; } .verdict.warning { background: #241f14; }
  .verdict.info { background: #16202b; } }
@media print { body { max-width: none; padding: 0; font-size: 11px; } h2 { break-after: avoid; }
  .verdict, figure, tr, dt { break-inside: avoid; } .wide { overflow: visible; } }
)";

}  // namespace wirestamp::publish
