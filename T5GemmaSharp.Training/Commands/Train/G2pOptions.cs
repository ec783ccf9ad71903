using System.CommandLine;
using T5GemmaSharp.Training.Distributed.Gradients;
using T5GemmaSharp.Training.Recipes.G2p;

namespace T5GemmaSharp.Training.Commands.Train;

/// <summary>Options of the embedded recipe.</summary>
internal static class G2pOptions
{
    private static readonly Option<string> Preset = CreatePreset();
    private static readonly Option<double?> Dropout = NumberOption.Create<double>("--dropout", "Dropout rate.");
    private static readonly Option<int?> HiddenSize = NumberOption.Create<int>("--hidden-size", "Width of the model.");
    private static readonly Option<int?> Layers = NumberOption.Create<int>("--layers", "Layers of the encoder, and of the decoder.");
    private static readonly Option<int?> Heads = NumberOption.Create<int>("--heads", "Attention heads.");
    private static readonly Option<int?> IntermediateSize = NumberOption.Create<int>("--intermediate-size", "Width inside the feed-forward blocks.");

    public static IReadOnlyList<Option> All { get; } = [Preset, HiddenSize, Layers, Heads, IntermediateSize, Dropout];

    public static G2pTrainingRequest Read(ParseResult result, string device, DataParallel? parallel)
    {
        var preset = G2pPresets.All.Single(preset => preset.Name == result.GetRequiredValue(Preset));
        var model = preset.Model;
        return new G2pTrainingRequest
        {
            Run = TrainerOptions.Run(result, parallel),
            Device = device,
            Model = model with
            {
                HiddenSize = result.GetValue(HiddenSize) ?? model.HiddenSize,
                Layers = result.GetValue(Layers) ?? model.Layers,
                Heads = result.GetValue(Heads) ?? model.Heads,
                IntermediateSize = result.GetValue(IntermediateSize) ?? model.IntermediateSize,
                Dropout = result.GetValue(Dropout) ?? model.Dropout,
            },
            Training = TrainerOptions.Training(result, preset.Training),
            Loss = TrainerOptions.Loss(result, preset.Loss),
        };
    }

    private static Option<string> CreatePreset()
    {
        var option = new Option<string>("--preset") { Description = "Sizes and settings that the other options change.", DefaultValueFactory = _ => G2pPresets.Small.Name };
        option.AcceptOnlyFromAmong([.. G2pPresets.All.Select(preset => preset.Name)]);
        return option;
    }
}
