using T5GemmaSharp.Configuration;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>Labelled examples of files, with what trains and measures a head on them.</summary>
/// <typeparam name="TModel">The class of the model that has the head.</typeparam>
internal interface IHeadData<in TModel> : IDisposable
{
    /// <summary>The classes; null: a number is predicted.</summary>
    LabelTable? Labels { get; }

    /// <summary>What is predicted of a text; null: classes of words.</summary>
    ProblemType? Problem { get; }

    DataStatistics Statistics { get; }

    string Fingerprint { get; }

    /// <summary>Names of the metrics that suit the labels.</summary>
    IReadOnlyList<string> SuitableMetrics { get; }

    /// <summary>Training of a model on the examples.</summary>
    /// <param name="model">The model.</param>
    /// <param name="labelSmoothing">Share of the target probability that is spread over all classes.</param>
    /// <param name="isSegmented">Whether layers are computed again in the backward pass.</param>
    IClassificationTask CreateTask(TModel model, double labelSmoothing = 0, bool isSegmented = false);

    /// <summary>Empty metrics.</summary>
    /// <param name="names">Names of some of <see cref="SuitableMetrics"/>.</param>
    IHeadMetrics CreateMetrics(IReadOnlyList<string> names);
}
