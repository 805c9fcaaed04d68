// SPDX-License-Identifier: Apache-2.0
#pragma once

// Speech quality by the simplified E-model (ITU-T G.107 with its default parameters).
namespace wirestamp::measure {

// ITU-T G.113: G.711 with packet loss concealment.
inline constexpr double kG711EquipmentImpairment = 0;
inline constexpr double kG711LossRobustness = 25.1;
inline constexpr double kG711PacketisationMs = 20;

struct SpeechPath {
  double delay_ms = 0;      // Ta: mouth to ear, one way
  double loss_percent = 0;  // Ppl
  double burst_ratio = 1;   // BurstR: observed loss burst length over that of independent loss
  double equipment_impairment = kG711EquipmentImpairment;  // Ie
  double loss_robustness = kG711LossRobustness;            // Bpl
  double advantage = 0;                                    // A
};

struct SpeechQuality {
  double delay_impairment = 0;      // Idd
  double equipment_impairment = 0;  // Ie,eff
  double r = 0;
  double mos = 1;  // 1 to 4.5
};

SpeechQuality speech_quality(const SpeechPath& path);

// The older approximation for G.729A (Cole and Rosenbluth 2001); loss as a fraction.
double cole_rosenbluth_r(double delay_ms, double loss);

}  // namespace wirestamp::measure
