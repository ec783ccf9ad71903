namespace T5GemmaSharp.Training.Prediction;

/// <summary>A loaded model that says something of rows: classes, values or vectors.</summary>
internal interface ILabeller : IDisposable
{
    /// <summary>Turns a row into ids. It uses no torch.</summary>
    /// <exception cref="FormatException">The row is not what the model reads.</exception>
    EncodedRow Encode(PredictionRow row);

    /// <summary>Says it of rows.</summary>
    /// <param name="batch">At least one.</param>
    /// <returns>A line of JSON for each.</returns>
    IReadOnlyList<string> Label(IReadOnlyList<EncodedRow> batch);
}
