using T5GemmaSharp.Generation;
using static TorchSharp.torch;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>
/// Runs a model for rows that join and leave between steps. Rows are numbered without gaps. Calls come from the model thread, without gradients; results belong to the
/// caller's dispose scope.
/// </summary>
internal interface IStepDecoder : IDisposable
{
    /// <summary>Who computes the steps, and why nobody faster does.</summary>
    DecodingRoute Route { get; }

    /// <summary>Rows there are.</summary>
    int Count { get; }

    /// <summary>Lets the encoder read sources and adds a row for each, after the others. All are added, or none where it throws.</summary>
    /// <param name="sources">Source ids, at least one a row.</param>
    /// <param name="startIds">Id that starts the decoder, of each row.</param>
    /// <returns>Logits of the first token of each new row [new rows, V], float32; may be changed in place.</returns>
    Tensor Add(IReadOnlyList<IReadOnlyList<int>> sources, IReadOnlyList<long> startIds);

    /// <summary>Takes the newest token of some rows. Where it throws, it has not: the step may be tried again, also with fewer rows.</summary>
    /// <param name="first">First row.</param>
    /// <param name="newestIds">The newest id of each row from there on.</param>
    /// <returns>Logits of the next token [rows, V], float32; may be changed in place.</returns>
    Tensor Step(int first, IReadOnlyList<long> newestIds);

    /// <summary>Removes a row. The last one takes its number.</summary>
    void RemoveAt(int row);
}
