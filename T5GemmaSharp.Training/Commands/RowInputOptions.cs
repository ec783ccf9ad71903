using System.CommandLine;
using T5GemmaSharp.Training.Prediction;
using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Training.Commands;

/// <summary>Options of verbs that read rows and write a line of JSON for each.</summary>
internal sealed class RowInputOptions
{
    private const string StandardInput = "-";
    private const int DefaultBatchSize = 32;
    private const int DefaultMaxLength = 512;

    private readonly Option<string> _model = SharedOptions.Model();
    private readonly Option<string[]> _input;
    private readonly Option<bool> _jsonl;
    private readonly Option<string?> _output;
    private readonly Option<int?> _batchSize = NumberOption.Create<int>("--batch-size", $"Most rows a batch. Default {DefaultBatchSize}.", least: 1);
    private readonly Option<int?> _maxLength;
    private readonly Option<string> _device = SharedOptions.Device();
    private readonly Option<string> _dtype = SharedOptions.DType();

    /// <summary>Creates the options.</summary>
    /// <param name="rows">What a line of JSON is.</param>
    /// <param name="results">What is written.</param>
    /// <param name="cut">What happens to a row that is too long.</param>
    public RowInputOptions(string rows, string results, string cut)
    {
        _input = new("--input") { Description = "File with a text a line; *.jsonl: rows as in training data, of which labels do not matter. With --shard it may be given several times. Default: standard input.", HelpName = "FILE|-" };
        _jsonl = new("--jsonl") { Description = $"Lines are JSON: {rows}." };
        _output = new("--output") { Description = $"Write the {results} to this file, which appears when all are there.", HelpName = "FILE" };
        _maxLength = NumberOption.Create<int>("--max-source-length", $"Most tokens of a row; {cut}. Default {DefaultMaxLength}.", least: 1);
    }

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All => [_model, _input, _jsonl, _output, ShardOptions.Shard, _batchSize, _maxLength, _device, _dtype];

    /// <summary>Reads their values.</summary>
    public PredictionRequest Read(ParseResult result)
    {
        var input = result.GetValue(_input)?.FirstOrDefault() ?? StandardInput;
        return new PredictionRequest
        {
            Model = result.GetRequiredValue(_model),
            Device = result.GetRequiredValue(_device),
            DType = result.GetRequiredValue(_dtype),
            Input = input == StandardInput ? null : input,
            Shard = ShardOptions.Read(result, _input, _output, _device),
            ReadsJson = result.GetValue(_jsonl) || TextInput.IsJson(input),
            Output = result.GetValue(_output),
            BatchSize = result.GetValue(_batchSize) ?? DefaultBatchSize,
            MaxLength = result.GetValue(_maxLength) ?? DefaultMaxLength,
        };
    }
}
