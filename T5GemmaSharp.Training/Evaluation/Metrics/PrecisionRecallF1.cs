namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>Precision, recall and their harmonic mean, each 0 to 1.</summary>
/// <param name="Precision">Share of the predicted items that are right.</param>
/// <param name="Recall">Share of the expected items that were found.</param>
/// <param name="F1">Harmonic mean of both.</param>
public readonly record struct PrecisionRecallF1(double Precision, double Recall, double F1)
{
    /// <summary>Computes the three from counts; a division by zero gives 0.</summary>
    /// <param name="matched">Items that are both predicted and expected.</param>
    /// <param name="predicted">Items that are predicted.</param>
    /// <param name="expected">Items that are expected.</param>
    public static PrecisionRecallF1 From(long matched, long predicted, long expected) => new(
        Share(matched, predicted),
        Share(matched, expected),
        Share(2 * matched, predicted + expected)); // 2PR/(P+R) without the rounding of P and R

    private static double Share(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}
