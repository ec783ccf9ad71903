using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Training.Data.Files;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>What an objective brings to a run: its examples, and with them the class of the model, the task and the measuring.</summary>
/// <typeparam name="TOutput">What the model returns.</typeparam>
internal interface IFinetuningSetup<TOutput> : IDisposable
{
    /// <summary>What the course of the run depends on beside the settings of every objective.</summary>
    string Fingerprint { get; }

    /// <summary>What was read to train on.</summary>
    DataStatistics Statistics { get; }

    /// <summary>Loads the model of a folder.</summary>
    /// <param name="folder">A base model, or a checkpoint of the run.</param>
    /// <param name="options">Device and dtype.</param>
    /// <param name="cancellation">Ends an evaluation.</param>
    FinetuningTask<TOutput> Load(string folder, PretrainedOptions options, CancellationToken cancellation);
}
