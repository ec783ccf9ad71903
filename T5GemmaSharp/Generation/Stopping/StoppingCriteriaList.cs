using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Stopping;

/// <summary>The reasons for rows to end.</summary>
/// <remarks>HF: <c>StoppingCriteriaList</c>.</remarks>
internal sealed class StoppingCriteriaList
{
    private readonly List<StoppingCriterion> _criteria = [];

    public StoppingCriteriaList(GenerationSettings settings, GenerationControls controls)
    {
        OnlyEnds = settings is { MaxTime: null, StopStrings.Count: 0 } && controls.StoppingCriteria.Count == 0;
        _criteria.Add(new MaxLengthCriterion(settings.MaxLength));
        if (settings.MaxTime is { } time)
            _criteria.Add(new MaxTimeCriterion(time));
        if (settings.StopStrings.Count > 0)
            _criteria.Add(new StopStringCriterion(controls.Tokenizer!, settings.StopStrings)); // the settings were checked for it
        if (settings.EosTokenIds.Count > 0)
            _criteria.Add(new EosCriterion(settings.EosTokenIds));
        _criteria.AddRange(controls.StoppingCriteria);
    }

    /// <summary>Whether only end ids and the length end a row.</summary>
    public bool OnlyEnds { get; }

    /// <summary>Which rows have ended [rows], bool.</summary>
    public Tensor IsDone(Tensor inputIds)
    {
        var done = torch.zeros([inputIds.size(0)], dtype: ScalarType.Bool, device: inputIds.device);
        foreach (var criterion in _criteria)
            done.logical_or_(criterion.IsDone(inputIds).to(inputIds.device));
        return done;
    }
}
