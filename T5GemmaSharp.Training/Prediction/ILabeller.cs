namespace T5GemmaSharp.Training.Prediction;

/// <summary>A loaded model with a classification head.</summary>
internal interface ILabeller : IDisposable
{
    /// <summary>Turns a row into ids. It uses no torch.</summary>
    /// <exception cref="FormatException">The row is not what the head labels.</exception>
    EncodedRow Encode(PredictionRow row);

    /// <summary>Labels rows.</summary>
    /// <param name="batch">At least one.</param>
    /// <returns>A line of JSON for each.</returns>
    IReadOnlyList<string> Label(IReadOnlyList<EncodedRow> batch);
}
