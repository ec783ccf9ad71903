using System.Globalization;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Training.Data.Files.Labels;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>A folder that training of a head begins with: a base model, or one that has a head already, whose classes then stay.</summary>
internal sealed class HeadFolder
{
    private readonly FinetuningRequest _request;
    private readonly T5GemmaConfig? _headed;

    /// <summary>Reads the configuration of the folder.</summary>
    /// <param name="request">The request.</param>
    /// <param name="modelClass">Name of the class that has the head.</param>
    public HeadFolder(FinetuningRequest request, string modelClass)
    {
        var config = T5GemmaConfig.FromPretrained(request.Model);
        (_request, _headed) = (request, config.Architectures?.Contains(modelClass) == true ? config : null);
    }

    /// <summary>What is to be learned; null: what the labels look like.</summary>
    public ProblemType? Problem => _request.Classification.Problem ?? _headed?.ProblemType ?? (_headed?.NumLabels == 1 ? ProblemType.Regression : null);

    /// <summary>The classes of the head; null: there is none, or it predicts a number.</summary>
    public LabelTable? Labels => _headed is null || Problem == ProblemType.Regression ? null : LabelTable.Of(_headed);

    /// <summary>What the course of a run depends on.</summary>
    public string Fingerprint => string.Create(CultureInfo.InvariantCulture, $"{_request.Classification.IsEncoderDecoder};{_request.Classification.Dropout}");

    /// <summary>Options to load the model with, and a seed for a fresh head.</summary>
    /// <param name="options">Device and dtype.</param>
    /// <param name="labels">The classes; null: a number is predicted.</param>
    /// <param name="problem">What is to be learned; null: the class of a token.</param>
    public PretrainedOptions Complete(PretrainedOptions options, LabelTable? labels, ProblemType? problem)
    {
        manual_seed((long)_request.Training.Seed);
        if (options.Device?.type == DeviceType.CUDA)
            cuda.manual_seed((long)_request.Training.Seed); // a device draws from a generator of its own
        return options with
        {
            Id2Label = labels?.Names,
            NumLabels = labels?.Count ?? 1,
            ProblemType = problem,
            ClassifierDropoutRate = _request.Classification.Dropout,
            IsEncoderDecoder = _request.Classification.IsEncoderDecoder ? true : _headed?.IsEncoderDecoder ?? false,
        };
    }

    /// <summary>Writes the configuration of a model with a head, which holds the names of the classes.</summary>
    public static void WriteConfig(T5GemmaConfig config, string modelClass, string folder)
        => TextFile.Write(Path.Combine(folder, T5GemmaConfig.FileName), (config with { Architectures = [modelClass] }).ToJson());
}
