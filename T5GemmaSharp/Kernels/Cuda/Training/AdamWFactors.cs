using System.Runtime.InteropServices;

namespace T5GemmaSharp.Kernels.Cuda.Training;

/// <summary>Constants of one step of AdamW.</summary>
/// <param name="GradientScale">Factor on the gradient.</param>
/// <param name="MeanShare">Share of the gradient in its mean.</param>
/// <param name="SquareDecay">Share of the mean square that stays.</param>
/// <param name="SquareShare">Share of the gradient's square in its mean.</param>
/// <param name="Keep">1 less the share of a weight that decays.</param>
/// <param name="InverseRoot">1 / sqrt(1 - b2^t).</param>
/// <param name="Epsilon">Added to the root of the mean square.</param>
/// <param name="StepSize">Learning rate / (1 - b1^t).</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct AdamWFactors(
    float GradientScale, float MeanShare, float SquareDecay, float SquareShare, float Keep, float InverseRoot, float Epsilon, float StepSize);
